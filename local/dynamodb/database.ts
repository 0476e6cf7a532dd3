/** Where a local stack has its tables. */
export interface Database {
  /** The address of its HTTP interface. Throws while it does not run. */
  readonly endpoint: string
  /** The key of all its requests, where tables of other stacks are kept apart by it. */
  readonly accessKeyId: string | undefined
  start(): Promise<void>
  stop(): Promise<void>
}
