/** The tables of the peers. */
export const SESSIONS_TABLE = 'peer-sessions'
export const CONNECT_DYNAMODB_TABLE = 'peer-connect-dynamodb'
export const FAIL_CLOSED_TABLE = 'peer-locks-fail-closed'
export const FAIL_OPEN_TABLE = 'peer-locks-fail-open'
export const DELIVERYHERO_TABLE = 'peer-locks-deliveryhero'

/** @deliveryhero/dynamodb-lock calls the keys of its table so. */
export const DELIVERYHERO_KEYS = { key: 'lockId', sortKey: 'lockGroup' } as const

/** The environment variable with the path of Redis's socket. */
export const REDIS_SOCKET = 'REDIS_SOCKET'

/** An operation under a lock takes far less. */
export const LEASE_MS = 10_000
