import { types } from 'node:util'

/**
 * Values of other realms. Under Jest, and in every context of `node:vm`, objects that Node.js itself makes
 * (`structuredClone`, `fetch().json()`, the dates of `fs`) have other prototypes than the program's own literals.
 */

// oxlint-disable-next-line typescript/unbound-method -- it is called with the function as its receiver
const sourceOf = Function.prototype.toString

const ownData = (object: object, name: string): unknown => Object.getOwnPropertyDescriptor(object, name)?.value

/**
 * The native Date of this realm. Fake timers, such as Jest's, replace the global Date by a subclass, possibly before
 * this file is loaded. A program that makes dates after the fake timers have ended expects dates of the native class.
 */
export const RealDate = realDate()

const STORABLE = [Object, Array, RealDate, Map, Set, Uint8Array]

/** The prototype of this realm for each type, by the type's name. */
const ownPrototypes = new Map<string, object>(STORABLE.map((type) => [type.name, type.prototype]))

/** The known prototypes of all realms, each with its counterpart in this one. */
const counterparts = new WeakMap<object, object>(STORABLE.map(({ prototype }) => [prototype, prototype]))

/**
 * The prototype of this realm that corresponds to a prototype of any realm: `Object.prototype` for any realm's
 * `Object.prototype`, and likewise for arrays, dates, maps, sets and byte arrays. Every other prototype is returned
 * unchanged, except that of fake timers' dates: its counterpart is the native `Date.prototype`. It runs none of the
 * caller's code.
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

/** Whether it is a plain object of any realm: no array and no instance of a class. */
export function isPlainObject(value: object): boolean {
  const prototype = counterpartOf(Object.getPrototypeOf(value))
  return prototype === null || prototype === Object.prototype
}

/**
 * The prototype of this realm for the same type, or undefined where `prototype` is not a native one of a known type.
 */
function recognise(prototype: object): object | undefined {
  const maker = types.isProxy(prototype) ? undefined : ownData(prototype, 'constructor')
  return typeof maker === 'function' ? ownPrototypes.get(nativeNameOf(maker, prototype)) : undefined
}

/**
 * The name of `maker`, if it is the native constructor of this prototype, otherwise ''. A program cannot forge it: the
 * engine itself writes the source text of native functions, and the `prototype` of a native constructor cannot be
 * replaced.
 */
function nativeNameOf(maker: object, prototype: object): string {
  if (types.isProxy(maker)) return ''
  const property = Object.getOwnPropertyDescriptor(maker, 'prototype')
  if (property?.value !== prototype || property.writable === true) return ''
  return /^function (\w+)\(\) \{ \[native code\] \}$/.exec(sourceOf.call(maker))?.[1] ?? ''
}

/** Whether it is the native Date constructor of any realm, and not a subclass. */
function isDateConstructor(maker: unknown): maker is DateConstructor {
  if (typeof maker !== 'function' || types.isProxy(maker)) return false
  const prototype = ownData(maker, 'prototype')
  return typeof prototype === 'object' && prototype !== null && nativeNameOf(maker, prototype) === 'Date'
}

/** Whether this property is the mark that fake timers put on their dates: `constructor`, with the native Date. */
export const isMarkOfTestClock = (date: Date, key: string | symbol): boolean =>
  key === 'constructor' && isDateConstructor(ownData(date, key)) && isOfTestClock(Object.getPrototypeOf(date))

/**
 * Whether fake timers have replaced Date by a class with this prototype: the program's dates are then of that class.
 */
function isOfTestClock(prototype: object): boolean {
  // Fake timers may replace Date by a proxy. Its `prototype` is read as the program itself reads it.
  if (Date === RealDate || Date.prototype !== prototype || types.isProxy(prototype)) return false
  return counterpartOf(Object.getPrototypeOf(prototype)) === RealDate.prototype
}

function realDate(): DateConstructor {
  for (let maker: unknown = Date; typeof maker === 'function'; maker = Object.getPrototypeOf(maker)) {
    if (isDateConstructor(maker)) return maker
  }
  return Date
}
