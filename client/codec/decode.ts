import { Buffer } from 'node:buffer'
import { types as nodeTypes } from 'node:util'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import { CorruptRecordError } from '../../protocol/record-fields.js'
import { shownKey } from '../errors/shown-key.js'
import { RealDate } from '../realms.js'
import { BIGINT_DIGITS_MAX, isTagName, TAG } from './format.js'
import { fitsN, readN } from './numbers.js'

type Fields = { readonly [name: string]: AttributeValue }

const { isUint8Array } = nodeTypes

const corrupt = (problem: string): never => {
  throw new CorruptRecordError(`an attribute has ${problem}`)
}

/**
 * The value that {@link encodeValue} encoded. It is a new copy, with the prototypes of the realm that loaded this
 * package. Throws a CorruptRecordError where the encoded form is not exactly one that `encodeValue` makes.
 */
export function decodeValue(encoded: AttributeValue): unknown {
  if (typeof encoded !== 'object' || encoded === null) return corrupt('something that is not a value')
  const types = Object.keys(encoded)
  const type = types.length === 1 ? (types[0] as string) : 'none, or several'
  const content: unknown = (encoded as { readonly [type: string]: unknown })[type]
  switch (type) {
    case 'S':
      if (typeof content === 'string') return content
      break
    case 'N':
      if (typeof content === 'string') return readN(content) ?? corrupt('a number that JavaScript cannot hold exactly')
      break
    case 'BOOL':
      if (typeof content === 'boolean') return content
      break
    case 'NULL':
      if (content === true) return null
      break
    case 'B':
      if (isUint8Array(content)) return new Uint8Array(content)
      break
    case 'L':
      if (Array.isArray(content)) return decodeList(content)
      break
    case 'M':
      if (typeof content === 'object' && content !== null) return decodeMap(content as Fields)
      break
  }
  return corrupt('a value that is not an S, N, B, BOOL, NULL, L or M')
}

function decodeList(list: readonly AttributeValue[]): unknown[] {
  const array: unknown[] = []
  for (const encoded of list) array.push(decodeValue(encoded))
  return array
}

function decodeMap(fields: Fields): unknown {
  const names = Object.keys(fields)
  const first = names[0]
  if (names.length === 1 && first !== undefined && isTagName(first)) {
    return decodeTagged(first, fields[first] as AttributeValue)
  }
  const object: Record<string, unknown> = {}
  for (const name of names) {
    // encodeValue writes no such name into an M. Assigning to it would set the object's prototype.
    if (name === '__proto__') corrupt(`the name '__proto__' in an M`)
    object[name] = decodeValue(fields[name] as AttributeValue)
  }
  return object
}

function decodeTagged(tag: string, encoded: AttributeValue): unknown {
  switch (tag) {
    case TAG.number:
      return decodeNumber(stringIn(encoded, tag))
    case TAG.bigint:
      return decodeBigint(stringIn(encoded, tag))
    case TAG.buffer: {
      const bytes = decodeValue(encoded)
      return isUint8Array(bytes) ? Buffer.from(bytes.buffer) : corrupt(`a ${tag} without a B`)
    }
    case TAG.date: {
      const timeMs = decodeValue(encoded)
      const date = new RealDate(typeof timeMs === 'number' ? timeMs : Number.NaN)
      return date.getTime() === timeMs ? date : corrupt(`a ${tag} that is not as it was written`)
    }
    case TAG.map:
      return decodeEntries(listIn(encoded, tag), tag)
    case TAG.set: {
      const members = listIn(encoded, tag)
      const set = new Set(members)
      return set.size === members.length ? set : corrupt(`a ${tag} with a member that occurs twice`)
    }
    case TAG.object:
      return withProperties({}, decodeEntries(listIn(encoded, tag), tag), tag)
    case TAG.dict:
      return withProperties(Object.create(null), decodeEntries(listIn(encoded, tag), tag), tag)
    default:
      return corrupt(`the unknown tag ${shownKey(tag)}`)
  }
}

function stringIn(encoded: AttributeValue, tag: string): string {
  const value = decodeValue(encoded)
  return typeof value === 'string' ? value : corrupt(`a ${tag} without an S`)
}

function listIn(encoded: AttributeValue, tag: string): unknown[] {
  const value = decodeValue(encoded)
  return Array.isArray(value) ? value : corrupt(`a ${tag} without an L`)
}

function decodeEntries(list: readonly unknown[], tag: string): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (let index = 0; index < list.length; index += 2) map.set(list[index], list[index + 1])
  return 2 * map.size === list.length ? map : corrupt(`a ${tag} with half an entry, or with a key that occurs twice`)
}

function withProperties(object: object, entries: ReadonlyMap<unknown, unknown>, tag: string): object {
  for (const [name, value] of entries) {
    if (typeof name !== 'string') return corrupt(`a ${tag} with a name that is no S`)
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return object
}

function decodeNumber(text: string): number {
  const value = Number(text)
  const isExact = text === '-0' || (Number.isFinite(value) && !fitsN(value) && String(value) === text)
  return isExact ? value : corrupt(`a ${TAG.number} that is not as it was written`)
}

const BIGINT_PATTERN = new RegExp(`^(?:0|-?[1-9]\\d{0,${BIGINT_DIGITS_MAX - 1}})$`)

function decodeBigint(text: string): bigint {
  return BIGINT_PATTERN.test(text) ? BigInt(text) : corrupt(`a ${TAG.bigint} that is not as it was written`)
}
