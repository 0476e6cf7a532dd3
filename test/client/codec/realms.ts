import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { runInNewContext } from 'node:vm'

/** What makes values in one realm. */
interface Realm {
  object(): object
  array(): unknown[]
  map(): Map<unknown, unknown>
  set(): Set<unknown>
  date(timeMs: number): Date
  bytes(length: number): Uint8Array
}

const SOURCE = `({
  object: () => ({}),
  array: () => [],
  map: () => new Map(),
  set: () => new Set(),
  date: (timeMs) => new Date(timeMs),
  bytes: (length) => new Uint8Array(length),
})`

export const HOME: Realm = {
  object: () => ({}),
  array: () => [],
  map: () => new Map(),
  set: () => new Set(),
  date: (timeMs) => new Date(timeMs),
  bytes: (length) => new Uint8Array(length),
}

/** Two realms beside this one. */
export const FOREIGN: readonly Realm[] = [runInNewContext(SOURCE), runInNewContext(SOURCE)]

/** A copy of a supported value whose every part is of the realm that `realmOf` chooses for it. */
export function abroad(value: unknown, realmOf: () => Realm): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  const realm = realmOf()
  const inside = (part: unknown): unknown => abroad(part, realmOf)
  if (Array.isArray(value)) return filled(realm.array(), (array) => array.push(...value.map(inside)))
  if (types.isUint8Array(value)) return filled(realm.bytes(value.length), (bytes) => bytes.set(value))
  if (types.isDate(value)) return realm.date(value.getTime())
  if (types.isMap(value)) {
    const entries = [...value].map(([key, part]) => [inside(key), inside(part)] as const)
    return filled(realm.map(), (map) => entries.map(([key, part]) => map.set(key, part)))
  }
  if (types.isSet(value)) return filled(realm.set(), (set) => [...value].map((member) => set.add(inside(member))))
  const object = Object.getPrototypeOf(value) === null ? Object.create(null) : realm.object()
  for (const name of Object.getOwnPropertyNames(value)) {
    const part = inside(Object.getOwnPropertyDescriptor(value, name)?.value)
    Object.defineProperty(object, name, { value: part, writable: true, enumerable: true, configurable: true })
  }
  return object
}

function filled<T>(value: T, fill: (value: T) => unknown): T {
  fill(value)
  return value
}
