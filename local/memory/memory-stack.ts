import type { Credentials } from '../iam/principals.js'
import type { LocalConfig, LocalStack } from '../local-stack.js'

/** The configuration of an application for a stack in memory. */
export type MemoryConfig = Omit<LocalConfig, 'dynamoDbEndpoint' | 'httpsUrl'>

/**
 * A store in the memory of this process, made by {@link createMemoryStack}. Members that a {@link LocalStack} also has
 * have the same names.
 */
export interface MemoryStack {
  /** The configuration for clients of this stack. It works only in this process and in this test file. */
  readonly config: MemoryConfig
  /** Invented credentials: no request is signed, and none is refused because of missing rights. */
  readonly credentials: Credentials
  /** The environment variables that configure a client in this process. */
  readonly env: Readonly<Record<string, string>>
  /**
   * Counts requests to the tables and pushes. The caller is `application`, or the function `connection`, `grant` or
   * `release`. Units are computed from the sizes of the items.
   */
  readonly requests: LocalStack['requests']
  /** The connections: a test can end them or lose pushes. */
  readonly gateway: LocalStack['gateway']
  /**
   * The tables: a test can stop them or inject faults. A fault's request has no `needs`, because there is no IAM. Unlike
   * those of a local stack, the data stay through `stop()` and `start()`.
   */
  readonly dynamodb: LocalStack['dynamodb']
  /**
   * Lets `ms` milliseconds of virtual time pass. It runs the timers that are due, in order, each with all its
   * consequences before the next. It does not wait for anything outside of the stack, such as files, sockets or timers
   * of the application.
   *
   * Each timer takes a turn of the event loop, and a connected client renews its lease every 3.75 s: a day with one client
   * takes about half a second. One function handles at most 20,000 messages of a process at one instant of time; more
   * wait until time passes.
   *
   * @throws {InvalidArgumentError} without `clock: 'virtual'`, or for a time that is negative or no number.
   * @example
   * const waiting = holdfast.access(id, 'all', work, { timeoutMs: 5_000 })
   * await Promise.all([stack.advance(5_000), expect(waiting).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })])
   */
  advance(ms: number): Promise<void>
  /** Closes the clients that are still open, within 5 s, and ends the stack. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
