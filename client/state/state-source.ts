import type { AttributeValue } from '../../protocol/dynamodb.js'

/** The source of an access's values: the hold in this process, or the copies that were sent to a worker thread. */
export interface StateSource {
  /** An attribute that is set to undefined is deleted. Otherwise that is refused. */
  readonly dropsUndefined: boolean
  names(): Iterable<string>
  /** The value as DynamoDB has it. */
  encoded(name: string): AttributeValue | undefined
  /** The form in which DynamoDB stores the value. Throws where the value cannot be stored. */
  encode(name: string, value: unknown): AttributeValue
  /** Throws where a new value is too large, as far as this is known before it is encoded. */
  checkValue(name: string, value: unknown): void
  /** The value as accesses see it, in encoded form: a schema may have changed it. */
  current(name: string): AttributeValue | undefined
  /** A copy of the value for the caller alone. */
  read(name: string): unknown
  /** The value, read-only. */
  readShared(name: string): unknown
}

/** One attribute: as it is stored, and as accesses see it, or the error that they get instead. */
export interface SeenAttribute {
  readonly name: string
  readonly stored: AttributeValue
  readonly current: AttributeValue | undefined
  readonly problem: unknown
}
