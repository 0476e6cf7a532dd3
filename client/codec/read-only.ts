import { types } from 'node:util'
import { NotLockedError } from '../errors/index.js'
import { RealDate } from '../realms.js'

/**
 * Read-only values. A value that is not locked for writing cannot be changed: an attempt throws an error.
 *
 * Plain objects and arrays are frozen. Freezing does not reach the contents of a Map, a Set or a Date, so each of these
 * gets own methods that refuse to change it. They are own properties, and the prototype stays the same: the value is
 * still exactly a Map for `structuredClone`, `isDeepStrictEqual` and the application's tests. This takes a microsecond
 * or two for a Map or Set, and about five for a Date, which has sixteen methods that change it.
 *
 * `Map.prototype.set.call(value, …)` bypasses these methods, and bytes cannot be made read-only at all. So two readers
 * share a value only if all of it is frozen. Of every other value each reader gets its own copy, decoded from the
 * stored form. Thus each access that reads a Map of 1,000 entries spends some hundred microseconds. To share such
 * contents safely, they would have to be kept outside the Map, and then a copy by native means (`structuredClone`)
 * would be empty.
 */

/**
 * Marks the refusing methods. It is found by name, so two copies of this package in one process know each other's
 * values.
 */
const REFUSAL = Symbol.for('holdfast.refusal')

const existing = (prototype: object, names: readonly string[]) => names.filter((name) => name in prototype)

const MAP_MUTATORS = existing(Map.prototype, ['set', 'delete', 'clear', 'getOrInsert', 'getOrInsertComputed'])
const SET_MUTATORS = existing(Set.prototype, ['add', 'delete', 'clear'])
const DATE_MUTATORS = Object.getOwnPropertyNames(RealDate.prototype).filter((name) => name.startsWith('set'))
const MUTATORS: ReadonlySet<string | symbol> = new Set([...MAP_MUTATORS, ...SET_MUTATORS, ...DATE_MUTATORS])

/** Whether this own property is only a refusing method of a read-only value. Runs no code of the value. */
export function isRefusal(container: object, key: string | symbol): boolean {
  if (!MUTATORS.has(key)) return false
  const method: unknown = Object.getOwnPropertyDescriptor(container, key)?.value
  return typeof method === 'function' && !types.isProxy(method) && Object.hasOwn(method, REFUSAL)
}

/**
 * Makes values of one attribute read-only. Keep it as long as the attribute: making a guard takes longer than using it.
 */
export class ReadOnlyGuard {
  readonly #method: PropertyDescriptor
  readonly #methods = new Map<readonly string[], PropertyDescriptorMap>()

  constructor(attribute: string) {
    const refuse = (): never => {
      throw new NotLockedError(attribute, 'change')
    }
    this.#method = { value: Object.freeze(Object.defineProperty(refuse, REFUSAL, { value: true })) }
  }

  /**
   * Makes a decoded value read-only, with all its parts. Returns whether several readers may share it: true only if no
   * part of it can be changed by any means.
   */
  close(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return true
    if (Array.isArray(value)) return this.#freeze(value)
    if (types.isUint8Array(value)) return false
    if (types.isDate(value)) return this.#refuse(value, DATE_MUTATORS)
    if (types.isMap(value)) {
      for (const [key, part] of value) {
        this.close(key)
        this.close(part)
      }
      return this.#refuse(value, MAP_MUTATORS)
    }
    if (types.isSet(value)) {
      for (const member of value) this.close(member)
      return this.#refuse(value, SET_MUTATORS)
    }
    return this.#freeze(value)
  }

  #freeze(value: object): boolean {
    let isShareable = true
    for (const part of Object.values(value)) isShareable = this.close(part) && isShareable
    Object.freeze(value)
    return isShareable
  }

  /**
   * Adds the refusing methods, and freezes the value: no code can then remove them, or add a property that is not kept.
   */
  #refuse(value: object, mutators: readonly string[]): false {
    let methods = this.#methods.get(mutators)
    if (methods === undefined) {
      methods = Object.fromEntries(mutators.map((name) => [name, this.#method]))
      this.#methods.set(mutators, methods)
    }
    Object.freeze(Object.defineProperties(value, methods))
    return false
  }
}
