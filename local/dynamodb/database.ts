import { randomBytes } from 'node:crypto'

/** Where a local stack has its tables. */
export interface Database {
  /** The address of its HTTP interface. Throws while it does not run. */
  readonly endpoint: string
  /** The key of all its requests. DynamoDB Local shows tables to the key that made them, and asks for no secret. */
  readonly accessKeyId: string
  /** Whether it goes on when the stack has ended: then the stack's tables must be new, and are removed in the end. */
  readonly outlivesStack: boolean
  start(): Promise<void>
  stop(): Promise<void>
}

/** It is a secret. DynamoDB Local takes letters and digits only, and listens on every address of this machine. */
export const newKey = (): string => `STACK${randomBytes(16).toString('hex').toUpperCase()}`
