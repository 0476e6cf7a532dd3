import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import { counterpartOf, isMarkOfTestClock, RealDate } from '../realms.js'
import { copyBytes, getterOf, lengthOfBytes } from './bytes.js'
import { BIGINT_DIGITS_MAX, ENCODED_LEVELS_MAX, isTagName, suitsMap, TAG } from './format.js'
import { fitsN } from './numbers.js'
import {
  describeObject,
  ownValue,
  type Place,
  refuse,
  refuseEndless,
  refuseExtra,
  refuseSymbols,
  refuseUnlessDense,
  type Step,
} from './refusal.js'

/**
 * The highest cost of copying one attribute. It is above the cost of every value that fits DynamoDB's 400 KB, where
 * each value takes at least 2 bytes. Without a bound, an object that a value refers to many times could exhaust the
 * memory before the value's size is known.
 */
const COPY_COST_MAX = 4 * 1024 * 1024
const COPY_COST_PER_VALUE = 16

/** What becomes of `undefined` inside a value: an error, or what JSON makes of it. */
export type UndefinedValues = 'refuse' | 'drop'

const BIGINT_LIMIT = 10n ** BigInt(BIGINT_DIGITS_MAX)

// These are called on the value directly. The program may have replaced the methods of its prototypes, and a call of
// those would run the program's code.
const DATE_PROTOTYPE = RealDate.prototype
/* oxlint-disable typescript/unbound-method -- each is called with its value as the receiver */
const timeOf = DATE_PROTOTYPE.getTime
const entriesOf = Map.prototype.entries
const membersOf = Set.prototype.values
/* oxlint-enable typescript/unbound-method */
const sizeOfMap = getterOf(Map.prototype, 'size')
const sizeOfSet = getterOf(Set.prototype, 'size')

// Node.js has this method since 20.0. The compiler's library for that target does not declare it.
const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed()

/**
 * The value as DynamoDB stores it. It is a copy: later changes to the value do not change it. Throws an
 * InvalidValueError that names the place, such as `cart.items[3].price`, if the value would not come back exactly as it
 * is. It runs none of the caller's code: it refuses getters and proxies without calling them.
 *
 * A value of another realm is stored like a value of this realm: under Jest, most values that Node.js itself makes are
 * of another realm.
 *
 * With `undefinedValues: 'drop'`, what has a name and is undefined is left out: a property, or an entry of a Map. What has
 * a place becomes null: an element of an array, and a hole in it.
 *
 * Three things are not kept: the order of a plain object's properties (a Map keeps its order); which objects are frozen
 * or read-only; whether two parts of the value are one and the same object (each becomes a copy of its own).
 */
export function encodeValue(value: unknown, path: string, undefinedValues: UndefinedValues = 'refuse'): AttributeValue {
  return new Encoder(undefinedValues === 'drop').encode(value, {
    outer: undefined,
    container: undefined,
    level: 0,
    step: 'top',
    at: path,
  })
}

class Encoder {
  #costLeft = COPY_COST_MAX
  readonly #dropsUndefined: boolean

  constructor(dropsUndefined: boolean) {
    this.#dropsUndefined = dropsUndefined
  }

  encode(value: unknown, place: Place): AttributeValue {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) refuse(place, 'a string with a lone surrogate')
        return { S: value }
      case 'number':
        if (fitsN(value)) return { N: String(value) }
        if (!Number.isFinite(value)) refuse(place, String(value))
        return tagged(TAG.number, { S: value === 0 ? '-0' : String(value) }, place)
      case 'boolean':
        return { BOOL: value }
      case 'object':
        return value === null ? { NULL: true } : this.#object(value, place)
      case 'bigint':
        if (value >= BIGINT_LIMIT || value <= -BIGINT_LIMIT) {
          refuse(place, `a bigint of more than ${BIGINT_DIGITS_MAX} digits`)
        }
        return tagged(TAG.bigint, { S: String(value) }, place)
      case 'undefined':
        if (this.#dropsUndefined && place.step === 'element') return { NULL: true }
        return refuse(place, 'undefined', ": use null, leave it out, or set undefinedValues to 'drop'")
      default:
        return refuse(place, `a ${typeof value}`)
    }
  }

  #object(value: object, place: Place): AttributeValue {
    if (types.isProxy(value)) refuse(place, 'a Proxy')
    const prototype = counterpartOf(Object.getPrototypeOf(value))
    if (Array.isArray(value)) {
      if (prototype === Array.prototype) return this.#array(value, place)
    } else if (prototype === Object.prototype || prototype === null) {
      const all = Object.getOwnPropertyNames(value)
      if (isMoreThan(value, all)) refuse(place, 'an object with an exchanged prototype')
      const names = this.#dropsUndefined ? all.filter((name) => !isUndefined(value, name)) : all
      if (prototype !== null) return this.#plainObject(value, names, place)
      return { M: { [TAG.dict]: { L: this.#properties(value, names, place) } } }
    } else if (prototype === DATE_PROTOTYPE && types.isDate(value)) {
      return encodeDate(value, place)
    } else if (prototype === Map.prototype && types.isMap(value)) {
      return this.#map(value, place)
    } else if (prototype === Set.prototype && types.isSet(value)) {
      return this.#set(value, place)
    } else if (prototype === Uint8Array.prototype && types.isUint8Array(value)) {
      return { B: this.#bytes(value, place) }
    } else if (prototype === Buffer.prototype && types.isUint8Array(value)) {
      return tagged(TAG.buffer, { B: this.#bytes(value, place) }, place)
    }
    return refuse(place, describeObject(value))
  }

  #array(array: readonly unknown[], place: Place): AttributeValue {
    const inside = this.#enter(array, 'element', array.length, 1, place)
    refuseUnlessDense(array, place)
    const list: AttributeValue[] = []
    for (let index = 0; index < array.length; index += 1) {
      inside.at = index
      const isHole = this.#dropsUndefined && !Object.hasOwn(array, index)
      list.push(this.encode(isHole ? undefined : ownValue(array, inside), inside))
    }
    return { L: list }
  }

  #plainObject(object: object, names: readonly string[], place: Place): AttributeValue {
    const looksTagged = names.length === 1 && isTagName(names[0] as string)
    if (looksTagged || !names.every(suitsMap)) {
      return { M: { [TAG.object]: { L: this.#properties(object, names, place) } } }
    }
    const inside = this.#enter(object, 'property', names.length, 1, place)
    refuseSymbols(object, 'an object', place)
    const map: Record<string, AttributeValue> = {}
    for (const name of names) map[name] = this.#property(object, name, inside)
    return { M: map }
  }

  /** An object's properties as a list, in which any name may stand. */
  #properties(object: object, names: readonly string[], place: Place): AttributeValue[] {
    const inside = this.#enter(object, 'property', 2 * names.length, 2, place)
    refuseSymbols(object, 'an object', place)
    const list: AttributeValue[] = []
    for (const name of names) list.push({ S: name }, this.#property(object, name, inside))
    return list
  }

  #property(object: object, name: string, inside: Place): AttributeValue {
    inside.at = name
    if (!isWellFormed(name)) refuse(inside, 'a name with a lone surrogate')
    return this.encode(ownValue(object, inside), inside)
  }

  #map(map: ReadonlyMap<unknown, unknown>, place: Place): AttributeValue {
    refuseExtra(map, 'a Map', place)
    const inside = this.#enter(map, 'mapKey', 2 * sizeOfMap.call(map), 2, place)
    const list: AttributeValue[] = []
    let index = 0
    for (const [key, value] of entriesOf.call(map)) {
      if (value === undefined && this.#dropsUndefined) continue
      inside.at = index
      inside.step = 'mapKey'
      const encodedKey = this.encode(key, inside)
      inside.step = 'mapValue'
      list.push(encodedKey, this.encode(value, inside))
      index += 1
    }
    return { M: { [TAG.map]: { L: list } } }
  }

  #set(set: ReadonlySet<unknown>, place: Place): AttributeValue {
    refuseExtra(set, 'a Set', place)
    const inside = this.#enter(set, 'member', sizeOfSet.call(set), 2, place)
    const list: AttributeValue[] = []
    for (const member of membersOf.call(set)) {
      inside.at = list.length
      list.push(this.encode(member, inside))
    }
    return { M: { [TAG.set]: { L: list } } }
  }

  #bytes(bytes: Uint8Array, place: Place): Uint8Array {
    this.#spend(lengthOfBytes(bytes), bytes, place)
    return copyBytes(bytes, place)
  }

  /** Makes the place for the contents of a container. Refuses the container if it is too deep or has too many parts. */
  #enter(container: object, step: Step, parts: number, levels: number, place: Place): Place {
    const level = place.level + levels
    if (level > ENCODED_LEVELS_MAX) refuseEndless(container, TOO_DEEP, place)
    this.#spend(parts * COPY_COST_PER_VALUE, container, place)
    return { outer: place, container, level, step, at: 0 }
  }

  #spend(cost: number, value: object, place: Place): void {
    this.#costLeft -= cost
    if (this.#costLeft < 0) refuseEndless(value, "a value far beyond DynamoDB's 400 KB", place)
  }
}

/** Whether it is a property that JSON leaves out for its value. It runs no getter. */
function isUndefined(object: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(object, name)
  return property !== undefined && 'value' in property && property.value === undefined && property.enumerable === true
}

/**
 * Whether an object has contents other than its properties: a Map or a Date stays one when its prototype is exchanged.
 * Properties of its own make that so unlikely that the question is not worth its time then.
 */
const isMoreThan = (object: object, names: readonly string[]): boolean =>
  ArrayBuffer.isView(object) || (names.length === 0 && WITH_CONTENTS.some((isOne) => isOne(object)))

const WITH_CONTENTS = [
  types.isMap,
  types.isSet,
  types.isDate,
  types.isBoxedPrimitive,
  types.isRegExp,
  types.isNativeError,
  types.isAnyArrayBuffer,
  types.isPromise,
  types.isWeakMap,
  types.isWeakSet,
]

const TOO_DEEP = `a value nested more than ${ENCODED_LEVELS_MAX} levels deep`

function tagged(tag: string, content: AttributeValue, place: Place): AttributeValue {
  if (place.level >= ENCODED_LEVELS_MAX) refuseEndless(undefined, TOO_DEEP, place)
  return { M: { [tag]: content } }
}

function encodeDate(date: Date, place: Place): AttributeValue {
  refuseExtra(date, 'a Date', place, (key) => isMarkOfTestClock(date, key))
  const timeMs = timeOf.call(date)
  if (Number.isNaN(timeMs)) refuse(place, 'an invalid Date')
  return tagged(TAG.date, { N: String(timeMs) }, place)
}
