import type { AttributeValue } from '../protocol/item.js'
import { decodeValue, encodedSizeBytes, freezeDecoded } from './codec.js'
import { CorruptStateError, TooLargeError } from './errors.js'

/** What an access changes, in encoded form: undefined deletes the attribute. */
export type Changes = ReadonlyMap<string, AttributeValue | undefined>

/** How large an attribute and the whole session may become. */
export interface SizeLimits {
  readonly attributeBytesMax: number
  readonly sessionBytesMax: number
}

const NOT_FROZEN = Symbol('not frozen')

interface CachedAttribute {
  readonly encoded: AttributeValue
  readonly sizeBytes: number
  /** The value as read-only accesses share it, once one has looked. */
  frozen: unknown
}

/** An attribute's part of the session's size: DynamoDB counts the name and a byte for the entry as well. */
export const attributeBytes = (name: string, encoded: AttributeValue): number =>
  Buffer.byteLength(name) + 1 + encodedSizeBytes(encoded)

const decode = (encoded: AttributeValue): unknown => CorruptStateError.guard(() => decodeValue(encoded))

/** A session's attributes in memory, in the form in which they are stored: every reader gets values of its own. */
export class AttributeCache {
  private readonly attributes = new Map<string, CachedAttribute>()
  private size = 0

  constructor(attrs: { readonly [name: string]: AttributeValue }) {
    for (const name of Object.keys(attrs)) this.put(name, attrs[name] as AttributeValue)
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

  /** A copy of the caller's own. */
  read(name: string): unknown {
    const attribute = this.attributes.get(name)
    return attribute === undefined ? undefined : decode(attribute.encoded)
  }

  /** A value nobody can change: frozen and shared where it can be frozen, a copy where it cannot. */
  readShared(name: string): unknown {
    const attribute = this.attributes.get(name)
    if (attribute === undefined) return undefined
    if (attribute.frozen !== NOT_FROZEN) return attribute.frozen
    const value = decode(attribute.encoded)
    if (freezeDecoded(value)) attribute.frozen = value
    return value
  }

  apply(changes: Changes): void {
    for (const [name, encoded] of changes) {
      this.size -= this.attributes.get(name)?.sizeBytes ?? 0
      this.attributes.delete(name)
      if (encoded !== undefined) this.put(name, encoded)
    }
  }

  /** Throws a TooLargeError where these changes would make too large what they do not shrink. */
  checkSize(changes: Changes, { attributeBytesMax, sessionBytesMax }: SizeLimits): void {
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

  private put(name: string, encoded: AttributeValue): void {
    const sizeBytes = attributeBytes(name, encoded)
    this.attributes.set(name, { encoded, sizeBytes, frozen: NOT_FROZEN })
    this.size += sizeBytes
  }
}
