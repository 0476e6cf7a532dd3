import { InvalidArgumentError } from '../../../client/errors/index.js'
import { LOCKS_TIMEOUT_MS } from '../../../inspector/limits.js'
import type { LocksFact } from '../../../inspector/model/entry.js'
import { addressesTold, LockTeller } from './lock-teller.js'

/** The process tells its attribute locks until `stop`. */
export interface ShownLocks {
  /** Tells the last ones, and ends. It takes no longer than a few seconds, and never fails. */
  stop(): Promise<void>
}

const NOTHING: ShownLocks = { stop: () => Promise.resolve() }
const TOO_MANY = 429
const SERVER_ERROR = 500
const HOSTS: readonly string[] = ['127.0.0.1', 'localhost']

/**
 * Shows which attributes the accesses of this process lock, in the inspector of a local stack. The store does not know
 * that. Names and times are told, no values and no session ids. Clients in the process of the stack need no call.
 *
 * @param address the variable `HOLDFAST_INSPECTOR` of `stack.env`, which `npx holdfast dev` prints too. Where it is not
 * set, nothing is told.
 * @throws {InvalidArgumentError} for an address that is not of this machine.
 * @example
 * import { showLocks } from 'holdfast/testing'
 *
 * const shown = showLocks()
 * // at shutdown, after holdfast.close(): await shown.stop()
 */
export function showLocks(address: string | undefined = process.env.HOLDFAST_INSPECTOR): ShownLocks {
  if (address === undefined || address === '' || addressesTold.has(address)) return NOTHING
  checkAddress(address)
  const teller = new LockTeller((facts) => post(address, facts))
  addressesTold.add(address)
  teller.start()
  return {
    stop: async () => {
      addressesTold.delete(address)
      await teller.stop()
    },
  }
}

function checkAddress(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'http:' && HOSTS.includes(url.hostname)) return
  // It has a token: it is not shown.
  throw new InvalidArgumentError(
    'the address for attribute locks must be http://127.0.0.1:…, as HOLDFAST_INSPECTOR of a local stack, received another one',
  )
}

/** A stack that is gone for a moment, or has too much to do, is told again. */
async function post(address: string, facts: readonly LocksFact[]): Promise<boolean> {
  try {
    const { status, body } = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ facts }),
      redirect: 'error',
      signal: AbortSignal.timeout(LOCKS_TIMEOUT_MS),
    })
    await body?.cancel()
    return status !== TOO_MANY && status < SERVER_ERROR
  } catch {
    return false
  }
}
