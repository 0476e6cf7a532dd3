import { Buffer } from 'node:buffer'
import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import { canonicalN, compareN, sizeOfN } from './numbers.js'
import { invalid } from './validation.js'

/**
 * Values as the memory store keeps them: never changed once made, every N in DynamoDB's notation. Sizes and equality are
 * written a second time here, apart from client/codec, on purpose: a mistake in either shows where the two disagree, and
 * the conformance suite holds this one to DynamoDB.
 */

export type Kind = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'L' | 'M'
export type Fields = { readonly [name: string]: AttributeValue }

export const ITEM_BYTES_MAX = 400 * 1024
/** How many values may lie inside one another, from an attribute down to a scalar. */
const LEVELS_MAX = 32
const NAME_BYTES_MAX = 65_535
const CONTAINER_BYTES = 3
const ELEMENT_BYTES = 1

export function kindOf(value: AttributeValue): Kind {
  if ('S' in value) return 'S'
  if ('N' in value) return 'N'
  if ('M' in value) return 'M'
  if ('L' in value) return 'L'
  if ('BOOL' in value) return 'BOOL'
  if ('B' in value) return 'B'
  if ('NULL' in value) return 'NULL'
  return invalid('Supplied AttributeValue is empty or of an unknown kind')
}

/** Sets an own field, also one named `__proto__`, which an assignment would take for the prototype. */
export function setField(target: Record<string, AttributeValue>, name: string, value: AttributeValue): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

export const fieldOf = (fields: Fields, name: string): AttributeValue | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

function mapFields(fields: Fields, copy: (value: AttributeValue) => AttributeValue): Record<string, AttributeValue> {
  const copied: Record<string, AttributeValue> = {}
  for (const name of Object.keys(fields)) setField(copied, name, copy(fields[name] as AttributeValue))
  return copied
}

/** A caller's value as the store keeps it. Throws where DynamoDB refuses it. */
export function takeIn(value: AttributeValue, level = 1): AttributeValue {
  if (level > LEVELS_MAX) invalid('Nesting Levels have exceeded supported limits')
  if ('S' in value) return { S: value.S }
  if ('N' in value) return { N: canonicalN(value.N) }
  if ('L' in value) return { L: value.L.map((element) => takeIn(element, level + 1)) }
  if ('M' in value) {
    for (const name of Object.keys(value.M)) checkName(name)
    return { M: mapFields(value.M, (field) => takeIn(field, level + 1)) }
  }
  kindOf(value)
  return handOut(value)
}

/** A copy of the receiver's own, which may be changed. */
function handOut(value: AttributeValue): AttributeValue {
  if ('L' in value) return { L: value.L.map(handOut) }
  if ('M' in value) return { M: mapFields(value.M, handOut) }
  return 'B' in value ? { B: Uint8Array.from(value.B) } : { ...value }
}

export const handOutItem = (item: Item): Item => mapFields(item, handOut)

export function checkName(name: string): void {
  if (name === '') invalid('Empty attribute name')
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) invalid('Attribute name is too large, must be less than 65536 bytes')
}

export function isEqual(a: AttributeValue, b: AttributeValue): boolean {
  if ('S' in a) return 'S' in b && a.S === b.S
  if ('N' in a) return 'N' in b && a.N === b.N
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL
  if ('NULL' in a) return 'NULL' in b
  if ('B' in a) return 'B' in b && Buffer.compare(a.B, b.B) === 0
  if ('L' in a) {
    return (
      'L' in b && a.L.length === b.L.length && a.L.every((one, index) => isEqual(one, b.L[index] as AttributeValue))
    )
  }
  if (!('M' in b)) return false
  const names = Object.keys(a.M)
  return (
    names.length === Object.keys(b.M).length &&
    names.every((name) => Object.hasOwn(b.M, name) && isEqual(a.M[name] as AttributeValue, b.M[name] as AttributeValue))
  )
}

/** Negative, zero or positive; undefined where the two have no order, as values of different kinds have none. */
export function order(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('N' in a) return 'N' in b ? compareN(a.N, b.N) : undefined
  if ('S' in a) return 'S' in b ? orderOfText(a.S, b.S) : undefined
  if ('B' in a) return 'B' in b ? Buffer.compare(a.B, b.B) : undefined
  return undefined
}

/** DynamoDB orders strings by their UTF-8 bytes. Only among surrogates does that differ from UTF-16's order. */
function orderOfText(a: string, b: string): number {
  if (a === b) return 0
  const isPlain = !/[\ud800-\uffff]/.test(a) && !/[\ud800-\uffff]/.test(b)
  if (isPlain) return a < b ? -1 : 1
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function containsPart(whole: AttributeValue, part: AttributeValue): boolean {
  if ('L' in whole) return whole.L.some((element) => isEqual(element, part))
  if ('S' in whole) return 'S' in part && whole.S.includes(part.S)
  return 'B' in whole && 'B' in part && Buffer.from(whole.B).includes(Buffer.from(part.B))
}

export function startsWith(whole: AttributeValue, part: AttributeValue): boolean {
  if ('S' in whole) return 'S' in part && whole.S.startsWith(part.S)
  return 'B' in whole && 'B' in part && Buffer.compare(whole.B.subarray(0, part.B.length), part.B) === 0
}

/** The result of the function `size`; undefined for the kinds that have none. */
export function lengthOf(value: AttributeValue): number | undefined {
  if ('L' in value) return value.L.length
  if ('M' in value) return Object.keys(value.M).length
  if ('S' in value) return value.S.length
  return 'B' in value ? value.B.length : undefined
}

/** The bytes that DynamoDB counts for an item. Refuses one that is nested too deeply. */
export function bytesOfItem(item: Item): number {
  let bytes = 0
  for (const name of Object.keys(item)) bytes += bytesOfText(name) + bytesOf(item[name] as AttributeValue, 1)
  return bytes
}

export function bytesOf(value: AttributeValue, level: number): number {
  if (level > LEVELS_MAX) invalid('Nesting Levels have exceeded supported limits')
  if ('S' in value) return bytesOfText(value.S)
  if ('N' in value) return sizeOfN(value.N)
  if ('B' in value) return value.B.length
  let bytes = 'L' in value || 'M' in value ? CONTAINER_BYTES : 1
  if ('L' in value) for (const element of value.L) bytes += ELEMENT_BYTES + bytesOf(element, level + 1)
  if ('M' in value) {
    for (const name of Object.keys(value.M)) {
      bytes += ELEMENT_BYTES + bytesOfText(name) + bytesOf(value.M[name] as AttributeValue, level + 1)
    }
  }
  return bytes
}

const bytesOfText = (text: string): number => Buffer.byteLength(text)
