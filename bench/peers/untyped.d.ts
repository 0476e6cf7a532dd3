/** What the benchmarks call of it: the package has no types. */
declare module 'dynamodb-lock-client' {
  export interface Lock {
    on(event: 'error', listener: (error: Error) => void): void
    release(callback: (error?: Error) => void): void
  }
  export interface LockClient {
    acquireLock(id: string, callback: (error: Error | undefined, lock: Lock) => void): void
  }
  interface Table {
    readonly dynamodb: object
    readonly lockTable: string
    readonly partitionKey: string
    readonly retryCount?: number
  }
  export const FailClosed: new (options: Table & { readonly acquirePeriodMs: number }) => LockClient
  export const FailOpen: new (
    options: Table & {
      readonly leaseDurationMs: number
      readonly heartbeatPeriodMs: number
      readonly trustLocalTime?: boolean
    },
  ) => LockClient
}
