import { types } from 'node:util'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { Changes } from '../../protocol/state/writes.js'
import { lengthOfBytes } from '../codec/bytes.js'
import {
  decodeValue,
  encodedSizeBytes,
  encodeValue,
  equalEncoded,
  ReadOnlyGuard,
  type UndefinedValues,
} from '../codec/index.js'
import { CorruptStateError, TooLargeError } from '../errors/index.js'
import type { SchemaCheck } from '../options/schemas.js'

export type { Changes }

/** The rules for attributes: their sizes, each and together, their schemas, and undefined in them. */
export interface AttributeRules {
  readonly attributeBytesMax: number
  readonly sessionBytesMax: number
  readonly schemas: SchemaCheck
  readonly undefinedValues: UndefinedValues
}

const NOT_FROZEN = Symbol('not frozen')

interface CachedAttribute {
  /** As it is stored, or will be. */
  readonly encoded: AttributeValue
  /** As its schema returns it, from the first read on. */
  current: AttributeValue | undefined
  readonly sizeBytes: number
  /** The value that read-only accesses share, from the first read on. */
  frozen: unknown
  /** Makes copies read-only where they cannot share the value. */
  guard: ReadOnlyGuard | undefined
}

/** An attribute's part of the session's size: DynamoDB counts the name and a byte for the entry as well. */
export const attributeBytes = (name: string, encoded: AttributeValue): number =>
  Buffer.byteLength(name) + 1 + encodedSizeBytes(encoded)

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const decode = (encoded: AttributeValue): unknown => CorruptStateError.guard(() => decodeValue(encoded))

/** A session's attributes in memory, in the form in which they are stored: every reader gets values of its own. */
export class AttributeCache {
  private readonly attributes = new Map<string, CachedAttribute>()
  private size = 0

  constructor(
    attrs: { readonly [name: string]: AttributeValue },
    private readonly rules: AttributeRules,
  ) {
    this.load(attrs)
  }

  /** Adds attributes as they are stored: their schemas have yet to see them. */
  load(attrs: { readonly [name: string]: AttributeValue }): void {
    for (const name of Object.keys(attrs)) this.put(name, attrs[name] as AttributeValue, undefined)
  }

  /** An attribute that is set to undefined is deleted. */
  get dropsUndefined(): boolean {
    return this.rules.undefinedValues === 'drop'
  }

  /** As DynamoDB counts. */
  get sizeBytes(): number {
    return this.size
  }

  names(): IterableIterator<string> {
    return this.attributes.keys()
  }

  sizeOf(name: string): number {
    return this.attributes.get(name)?.sizeBytes ?? 0
  }

  encoded(name: string): AttributeValue | undefined {
    return this.attributes.get(name)?.encoded
  }

  all(): { readonly [name: string]: AttributeValue } {
    return Object.fromEntries([...this.attributes].map(([name, { encoded }]) => [name, encoded]))
  }

  /** The form in which a value is stored, after its schema. Throws where it cannot be stored. */
  encode(name: string, value: unknown): AttributeValue {
    const encoded = this.encodeAsRuled(name, value)
    if (!this.rules.schemas.has(name)) return encoded
    const before = this.attributes.get(name)?.encoded
    if (before !== undefined && equalEncoded(encoded, before)) return encoded
    // Encoded again even where it is the same object: a schema may change what it is given.
    return this.encodeAsRuled(name, this.rules.schemas.apply(name, value))
  }

  /** An attribute as accesses see it: as stored, or as its schema migrates it. */
  current(name: string): AttributeValue | undefined {
    const attribute = this.attributes.get(name)
    if (attribute === undefined || attribute.current !== undefined) return attribute?.current
    const { encoded } = attribute
    attribute.current = this.rules.schemas.has(name)
      ? this.encodeAsRuled(name, this.rules.schemas.apply(name, decode(encoded)))
      : encoded
    return attribute.current
  }

  /** A copy of the caller's own. */
  read(name: string): unknown {
    const attribute = this.attributes.get(name)
    if (attribute === undefined) return undefined
    // A primitive cannot be changed: it is decoded once for all.
    if (attribute.frozen !== NOT_FROZEN && !isObject(attribute.frozen)) return attribute.frozen
    const value = decode(this.current(name) as AttributeValue)
    if (!isObject(value)) attribute.frozen = value
    return value
  }

  /** A read-only value: frozen and shared where all of it can be frozen, else a copy that refuses to be changed. */
  readShared(name: string): unknown {
    const attribute = this.attributes.get(name)
    if (attribute === undefined) return undefined
    if (attribute.frozen !== NOT_FROZEN) return attribute.frozen
    const value = this.read(name)
    attribute.guard ??= new ReadOnlyGuard(name)
    if (attribute.guard.close(value)) attribute.frozen = value
    return value
  }

  /** Takes over changes that {@link encode} has accepted. */
  apply(changes: Changes): void {
    for (const [name, encoded] of changes) {
      this.size -= this.attributes.get(name)?.sizeBytes ?? 0
      this.attributes.delete(name)
      if (encoded !== undefined) this.put(name, encoded, encoded)
    }
  }

  /** Throws a TooLargeError where a value that is being set is too large, as far as that is known at once. */
  checkValue(name: string, value: unknown): void {
    const sizeBytes = typeof value === 'string' ? value.length : types.isUint8Array(value) ? lengthOfBytes(value) : 0
    const { attributeBytesMax } = this.rules
    if (sizeBytes > attributeBytesMax && sizeBytes > this.sizeOf(name)) {
      throw new TooLargeError(name, sizeBytes, attributeBytesMax)
    }
  }

  /** Throws a TooLargeError where these changes would make an attribute or the session too large, and larger than now. */
  checkSize(changes: Changes): void {
    const { attributeBytesMax, sessionBytesMax } = this.rules
    let total = this.size
    for (const [name, encoded] of changes) {
      const beforeBytes = this.attributes.get(name)?.sizeBytes ?? 0
      total -= beforeBytes
      if (encoded === undefined) continue
      const sizeBytes = attributeBytes(name, encoded)
      if (sizeBytes > attributeBytesMax && sizeBytes > beforeBytes) {
        throw new TooLargeError(name, sizeBytes, attributeBytesMax)
      }
      total += sizeBytes
    }
    if (total > sessionBytesMax && total > this.size) throw new TooLargeError(undefined, total, sessionBytesMax)
  }

  private encodeAsRuled(name: string, value: unknown): AttributeValue {
    return encodeValue(value, name, this.rules.undefinedValues)
  }

  private put(name: string, encoded: AttributeValue, current: AttributeValue | undefined): void {
    const sizeBytes = attributeBytes(name, encoded)
    this.attributes.set(name, { encoded, current, sizeBytes, frozen: NOT_FROZEN, guard: undefined })
    this.size += sizeBytes
  }
}
