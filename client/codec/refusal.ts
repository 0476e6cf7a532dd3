import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { InvalidValueError } from '../errors/index.js'
import { readsAsName } from '../errors/shown-key.js'
import { counterpartOf } from '../realms.js'
import { isRefusal } from './read-only.js'

/** How a value lies in its container. */
export type Step = 'top' | 'property' | 'element' | 'mapKey' | 'mapValue' | 'member'

/**
 * Where the encoder is. There is one for each container, and it moves along the contents. So a path is put together
 * only when something is refused.
 */
export interface Place {
  readonly outer: Place | undefined
  readonly container: object | undefined
  /** How many encoded L and M are around the value. */
  readonly level: number
  step: Step
  /** The attribute's path at the top, a property's name, or else an index. */
  at: string | number
}

function shownStep(place: Place): string {
  switch (place.step) {
    case 'top':
      return String(place.at)
    case 'property':
      return readsAsName(String(place.at)) ? `.${place.at}` : '[string]'
    case 'element':
      return `[${place.at}]`
    // The path has the position and not the key: the key of a Map is a value, and no error shows a value.
    case 'mapKey':
      return `.keys()[${place.at}]`
    case 'mapValue':
    case 'member':
      return `.values()[${place.at}]`
  }
}

/** The place as a path, such as `cart.items[3].price`. */
function pathOf(place: Place): string {
  let path = ''
  for (let at: Place | undefined = place; at !== undefined; at = at.outer) path = shownStep(at) + path
  return path
}

export function refuse(place: Place, what: string, advice = ''): never {
  throw new InvalidValueError(pathOf(place), `${what} cannot be stored${advice}`)
}

/**
 * Refuses a value that is nested too deep or has too many parts. A circular reference always gets here. The error then
 * names it as such, at the place that refers back. So the encoder need not look for circles in other values.
 */
export function refuseEndless(container: object | undefined, what: string, place: Place): never {
  const above: Place[] = []
  for (let at: Place | undefined = place; at !== undefined; at = at.outer) above.unshift(at)
  const seen = new Set<object>()
  for (const [index, at] of above.entries()) {
    const inside = above[index + 1]?.container ?? container
    if (inside === undefined) break
    if (seen.has(inside)) refuse(at, 'a circular reference')
    seen.add(inside)
  }
  refuse(place, what)
}

/** A data property's own value. Getters and setters are refused, not run: encoding runs none of the caller's code. */
export function ownValue(container: object, place: Place): unknown {
  const property = Object.getOwnPropertyDescriptor(container, place.at)
  if (property === undefined) refuse(place, 'a hole in an array', ': use null')
  if (property.get !== undefined || property.set !== undefined) refuse(place, 'a getter or setter')
  if (!property.enumerable) refuse(place, 'a property that is not enumerable')
  return property.value
}

/**
 * Refuses properties beyond the contents of a container: they would be lost. The refusing methods of a read-only value
 * do not count: it is stored like a value without them.
 */
export function refuseExtra(
  container: object,
  kind: string,
  place: Place,
  isMark?: (key: string | symbol) => boolean,
): void {
  const extra = Reflect.ownKeys(container).find((key) => !isRefusal(container, key) && isMark?.(key) !== true)
  if (extra !== undefined) refuse(place, `${kind} with the property ${shownProperty(extra)}`)
}

export function refuseSymbols(container: object, kind: string, place: Place): void {
  const symbol = Object.getOwnPropertySymbols(container)[0]
  if (symbol !== undefined) refuse(place, `${kind} with the property ${shownProperty(symbol)}`)
}

/** Refuses extra properties of an array. Holes are refused later, when the elements are read. */
export function refuseUnlessDense(array: readonly unknown[], place: Place): void {
  refuseSymbols(array, 'an array', place)
  const names = Object.getOwnPropertyNames(array)
  // Indices come first, in order, and 'length' next.
  if (names.length === array.length + 1 && names[array.length] === 'length') return
  const extra = names.find((name) => name !== 'length' && !(Number(name) < array.length && /^\d+$/.test(name)))
  if (extra !== undefined) refuse(place, `an array with the property ${shownProperty(extra)}`)
}

const shownProperty = (key: string | symbol): string => {
  if (typeof key === 'string') return readsAsName(key) ? `"${key}"` : '[string]'
  const { description = '' } = key
  return description.split('.').every(readsAsName) ? `Symbol(${description})` : '[symbol]'
}

const CLASS_NAME_CHARS_MAX = 64

const classNameOf = (prototype: object): string => {
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof maker !== 'function' || types.isProxy(maker)) return ''
  const name: unknown = Object.getOwnPropertyDescriptor(maker, 'name')?.value
  return typeof name === 'string' ? name.slice(0, CLASS_NAME_CHARS_MAX) : ''
}

/** Names an object of an unsupported type. It runs none of the caller's code. */
export function describeObject(value: object): string {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null || types.isProxy(prototype)) return 'an object with an unusual prototype'
  const name = classNameOf(prototype)
  if (name === '') return 'an object with an unusual prototype'
  const supported = SUPPORTED.get(name)
  if (supported === undefined) return `an instance of ${name}`
  return supported === counterpartOf(prototype)
    ? `an object that only looks like ${name}`
    : `an instance of another ${name}`
}

/** The prototypes of the supported types, by name: a class of the application may have the same name. */
const SUPPORTED = new Map<string, object>(
  [Object, Array, Map, Set, Date, Uint8Array, Buffer].map((type) => [type.name, type.prototype]),
)
