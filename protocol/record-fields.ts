import type { AttributeValue, Item } from './dynamodb.js'
import { SCHEMA_VERSION } from './limits.js'

/** The fields of stored records, each read or refused. */

/** This version did not write this record. It is reported, never guessed at. */
export class CorruptRecordError extends Error {
  constructor(problem: string) {
    super(`a stored record is not as this version writes it: ${problem}`)
    this.name = 'CorruptRecordError'
  }
}

/** A newer version wrote this record, and may mean other things by the same names: better to refuse than to guess. */
export class NewerRecordError extends CorruptRecordError {
  constructor(schema: number) {
    super(
      `its schema is ${schema}, and this version knows ${SCHEMA_VERSION}: deploy the version that wrote it, or a newer ` +
        'one, first the functions and then every client',
    )
    this.name = 'NewerRecordError'
  }
}

export const optional = (item: Item, name: string): number | undefined =>
  item[name] === undefined ? undefined : number(item, name)

export function number(item: Item, name: string): number {
  const value = item[name]
  const read = value !== undefined && 'N' in value ? Number(value.N) : Number.NaN
  if (!Number.isFinite(read)) throw new CorruptRecordError(`'${name}' should be a number`)
  return read
}

/** The key of a record of either table; '' where it has none. */
export const keyOf = ({ pk }: Item): string => (pk !== undefined && 'S' in pk ? pk.S : '')

export function string(item: Item, name: string): string {
  const value = item[name]
  if (value === undefined || !('S' in value)) throw new CorruptRecordError(`'${name}' should be a string`)
  return value.S
}

/** True or missing: conditions ask only whether it is there. */
export function flag(item: Item, name: string): boolean {
  const value = item[name]
  if (value === undefined) return false
  if (!('BOOL' in value) || !value.BOOL) throw new CorruptRecordError(`'${name}' should be true`)
  return true
}

export function map(value: AttributeValue | undefined, name: string): { readonly [name: string]: AttributeValue } {
  if (value === undefined || !('M' in value)) throw new CorruptRecordError(`'${name}' should be a map`)
  return value.M
}

/** Refuses a record of another version's schema. */
export function checkSchema(item: Item): void {
  if (item.schema === undefined) return
  const schema = number(item, 'schema')
  if (schema > SCHEMA_VERSION) throw new NewerRecordError(schema)
  if (schema !== SCHEMA_VERSION) throw new CorruptRecordError(`its schema is ${schema}, expected ${SCHEMA_VERSION}`)
}
