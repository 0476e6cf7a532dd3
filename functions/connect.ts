import { principalOf } from '../protocol/process/principal.js'
import { introduceConnection } from '../protocol/process/writes.js'
import type { Deps } from './ports.js'

/**
 * A connection is being opened by `userArn`, whose signature and right to connect the gateway has checked. The gateway
 * opens it after this, so each of its messages finds the record. Resolves to false where it must not be opened: the
 * gateway names nobody, or has named another principal for this connection.
 */
export async function connected(
  deps: Pick<Deps, 'store' | 'nowMs'>,
  connectionId: string,
  userArn: string | null | undefined,
): Promise<boolean> {
  if (userArn === undefined || userArn === null || userArn === '') return false
  const principal = principalOf(userArn)
  const { applied } = await deps.store.update(introduceConnection(connectionId, { principal, nowMs: deps.nowMs() }))
  return applied
}
