/** Times that AWS takes and this machine does not. */
export interface Delays {
  /** Awaited between the gateway and a function, for each message. */
  readonly beforeInvocation?: () => Promise<void>
  /** Awaited before a push reaches its connection. */
  readonly beforePush?: () => Promise<void>
  /** Environments of one function at a time: while it waits for answers, it is in use. */
  readonly environmentsMax?: number
}
