import type { Credentials } from '../iam/principals.js'
import type { LocalConfig, LocalStack } from '../local-stack.js'

/** What an application needs to know of a stack in memory. */
export type MemoryConfig = Omit<LocalConfig, 'dynamoDbEndpoint'>

/**
 * A store in the memory of this process, made by {@link createMemoryStack}. What it has in common with a
 * {@link LocalStack} has the same names.
 */
export interface MemoryStack {
  /** Leads clients of this process, and of this test file, to this stack. */
  readonly config: MemoryConfig
  /** Made up: nothing is signed, and nothing is refused for want of rights. */
  readonly credentials: Credentials
  /** The variables from which a client of this process takes its configuration. */
  readonly env: Readonly<Record<string, string>>
  /**
   * Requests to the tables and pushes, counted. The caller is `application`, or the function `connection`, `grant` or
   * `release`; units are computed from the sizes of the items.
   */
  readonly requests: LocalStack['requests']
  /** The connections, to be cut or to lose pushes. */
  readonly gateway: LocalStack['gateway']
  /** The tables, to be stopped or to get faults. `needs` is empty in what a fault is told: there is no IAM. */
  readonly dynamodb: LocalStack['dynamodb']
  /**
   * Lets `ms` of virtual time pass: runs the timers that are due, in order, each with all that follows from it. It does
   * not wait for anything outside of the stack, such as files, sockets or timers of the application.
   *
   * @throws {InvalidArgumentError} without `clock: 'virtual'`, or for a time that is negative or no number.
   * @example
   * const waiting = holdfast.access(id, 'all', work, { timeoutMs: 5_000 })
   * await Promise.all([stack.advance(5_000), expect(waiting).rejects.toThrow('waited')])
   */
  advance(ms: number): Promise<void>
  /** Closes the clients that are still open, within 5 s, and forgets everything. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
