import { types } from 'node:util'

/**
 * Values of other realms. Under Jest, and in every context of `node:vm`, the objects that Node.js itself makes
 * (`structuredClone`, `fetch().json()`, the dates of `fs`) have other prototypes than the program's own literals.
 */

// oxlint-disable-next-line typescript/unbound-method -- it is called with the function as its receiver
const sourceOf = Function.prototype.toString

const ownData = (object: object, name: string): unknown => Object.getOwnPropertyDescriptor(object, name)?.value

/**
 * The Date of this realm. Fake timers, such as Jest's, put a subclass in its place, perhaps before this file is loaded;
 * dates of that class would not be as plain as those that programs make afterwards.
 */
export const RealDate = realDate()

const STORABLE = [Object, Array, RealDate, Map, Set, Uint8Array]

/** By name: the prototype of this realm for each type. */
const ownPrototypes = new Map<string, object>(STORABLE.map((type) => [type.name, type.prototype]))

/** The prototypes of other realms that have been met, each with its counterpart in this one. */
const counterparts = new WeakMap<object, object>(STORABLE.map(({ prototype }) => [prototype, prototype]))

/**
 * The prototype of this realm that a prototype of another realm corresponds to: `Object.prototype` for any realm's
 * `Object.prototype`, and likewise for arrays, dates, maps, sets and byte arrays. Every other prototype stays itself.
 * It runs none of the caller's code.
 */
export function counterpartOf(prototype: object | null): object | null {
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) return prototype
  const known = counterparts.get(prototype)
  if (known !== undefined) return known
  const own = recognise(prototype)
  if (own === undefined) return isOfTestClock(prototype) ? RealDate.prototype : prototype
  counterparts.set(prototype, own)
  return own
}

/** Whether an object is a plain one of any realm: no array and no class instance. */
export function isPlainObject(value: object): boolean {
  const prototype = counterpartOf(Object.getPrototypeOf(value))
  return prototype === null || prototype === Object.prototype
}

/** The native function of a realm that makes such objects, or undefined where the prototype is none of a realm's own. */
function recognise(prototype: object): object | undefined {
  const maker = types.isProxy(prototype) ? undefined : ownData(prototype, 'constructor')
  return typeof maker === 'function' ? ownPrototypes.get(nativeNameOf(maker, prototype)) : undefined
}

/**
 * The name of a native constructor with this prototype, or ''. It cannot be forged: the engine itself writes the source
 * text of native functions, and the `prototype` of a native constructor cannot be replaced.
 */
function nativeNameOf(maker: object, prototype: object): string {
  if (types.isProxy(maker)) return ''
  const property = Object.getOwnPropertyDescriptor(maker, 'prototype')
  if (property?.value !== prototype || property.writable === true) return ''
  return /^function (\w+)\(\) \{ \[native code\] \}$/.exec(sourceOf.call(maker))?.[1] ?? ''
}

/** Whether it is a constructor of dates as a realm has it, and no subclass. */
function isDateConstructor(maker: unknown): maker is DateConstructor {
  if (typeof maker !== 'function' || types.isProxy(maker)) return false
  const prototype = ownData(maker, 'prototype')
  return typeof prototype === 'object' && prototype !== null && nativeNameOf(maker, prototype) === 'Date'
}

/** Whether this property is nothing but the mark that fake timers put on their dates: `constructor`, a realm's Date. */
export const isMarkOfTestClock = (date: Date, key: string | symbol): boolean =>
  key === 'constructor' && isDateConstructor(ownData(date, key)) && isOfTestClock(Object.getPrototypeOf(date))

/** Whether fake timers have put a class with this prototype in place of Date: its dates are the program's dates. */
function isOfTestClock(prototype: object): boolean {
  // Fake timers may put a proxy there: it is asked by name, as the program itself does.
  if (Date === RealDate || Date.prototype !== prototype || types.isProxy(prototype)) return false
  return counterpartOf(Object.getPrototypeOf(prototype)) === RealDate.prototype
}

function realDate(): DateConstructor {
  for (let maker: unknown = Date; typeof maker === 'function'; maker = Object.getPrototypeOf(maker)) {
    if (isDateConstructor(maker)) return maker
  }
  return Date
}
