import { types } from 'node:util'
import { NotLockedError } from '../errors/index.js'
import { RealDate } from '../realms.js'

/**
 * Values that accesses share: what is not locked for writing cannot be changed, and whoever tries is told.
 *
 * Plain objects and arrays are frozen. A Map, a Set and a Date keep their contents where freezing does not reach, so
 * each gets methods of its own that refuse to change it. Own properties, and not another prototype: the value is still
 * exactly a Map to `structuredClone`, to `isDeepStrictEqual` and to everybody's tests. That costs a microsecond or two
 * for a Map or Set, and about five for a Date, which has sixteen methods that change it.
 *
 * `Map.prototype.set.call(value, …)` passes by all of this, and bytes cannot be made read-only at all. So only what is
 * frozen through and through is ever given to two readers; of everything else each gets a copy of its own, made anew
 * from the stored form. Reading 1,000 entries of a Map then takes some hundred microseconds instead of none; to share
 * the contents safely they would have to be kept outside the Map, and every copy made natively would be empty.
 */

/** The mark of the refusing methods. By name: two copies of this package in one process know each other's values. */
const REFUSAL = Symbol.for('holdfast.refusal')

const existing = (prototype: object, names: readonly string[]) => names.filter((name) => name in prototype)

const MAP_MUTATORS = existing(Map.prototype, ['set', 'delete', 'clear', 'getOrInsert', 'getOrInsertComputed'])
const SET_MUTATORS = existing(Set.prototype, ['add', 'delete', 'clear'])
const DATE_MUTATORS = Object.getOwnPropertyNames(RealDate.prototype).filter((name) => name.startsWith('set'))
const MUTATORS: ReadonlySet<string | symbol> = new Set([...MAP_MUTATORS, ...SET_MUTATORS, ...DATE_MUTATORS])

/** Whether this own property is nothing but a method that keeps a value from being changed. Runs none of it. */
export function isRefusal(container: object, key: string | symbol): boolean {
  if (!MUTATORS.has(key)) return false
  const method: unknown = Object.getOwnPropertyDescriptor(container, key)?.value
  return typeof method === 'function' && !types.isProxy(method) && Object.hasOwn(method, REFUSAL)
}

/** Makes values of one attribute read-only. To be kept as long as the attribute is: making one takes longer than its use. */
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
   * Makes a decoded value read-only, all the way down. Returns whether it may be given to several readers: whether
   * nothing in it can be changed by any means.
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

  /** Frozen as well, so that nobody takes the methods away, or adds a property that would not be kept. */
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
