import type { Client } from '../common/client.js'
import { isMissing, refuseReplaced } from '../common/replaced.js'
import { Waiting } from '../common/waiting.js'
import { type Found, type RequestContext, RequestSession } from './request-session.js'

/** The requests that wait for sessions of each client, by the number that may. */
const waitings = new WeakMap<Client, Map<number, Waiting>>()

/**
 * Finds the session of a request. Without an id, nothing is asked and nothing is locked.
 *
 * @param id an id that this application has signed.
 */
export async function findSession(context: RequestContext, id: string | undefined): Promise<RequestSession> {
  return new RequestSession(context, id === undefined ? { kind: 'nothing' } : await find(context, id))
}

async function find(context: RequestContext, id: string): Promise<Found> {
  const { holdfast, options, lock, client } = context
  const handle = holdfast.session(id)
  if (lock === 'none') {
    const peeked = await handle.peek()
    if (peeked !== undefined) return { kind: 'peeked', id, handle, peeked }
    // A look with its lock tells why there is none, and ends at once.
  }
  try {
    const open = () =>
      handle.open(lock === 'write' ? 'all' : { all: 'read' }, {
        ifMissing: 'fail',
        durability: 'access',
        timeoutMs: options.timeoutMs,
        label: options.label,
        ...(client === undefined ? {} : { signal: client }),
      })
    const session = await waitingFor(holdfast, options.waitingMax).during(id, open)
    return { kind: 'opened', id, session }
  } catch (error) {
    if (!isMissing(error)) throw error
    refuseReplaced(error)
    return { kind: 'nothing' }
  }
}

function waitingFor(holdfast: Client, max: number): Waiting {
  const byMax = waitings.get(holdfast) ?? new Map<number, Waiting>()
  const waiting = byMax.get(max) ?? new Waiting(max)
  waitings.set(holdfast, byMax.set(max, waiting))
  return waiting
}
