import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** A process of this machine that is to answer. */
export interface Expected {
  /** The only origin from which it lets browsers read its answers: a name that no other process has. */
  readonly origin: string
  /** Happens when it ends. */
  readonly gone: AbortSignal
}

/**
 * Resolves once something at this address speaks HTTP: the expected process, if one is given. Another one may have
 * taken the port before it.
 */
export async function answering(address: string, timeoutMs: number, expected?: Expected): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await speaksHttp(address, timeoutMs, expected?.origin))) {
    if (expected?.gone.aborted === true) throw new Error('the process ended')
    if (Date.now() > deadline) throw new Error(`no answer after ${timeoutMs} ms`)
    await pause(POLL_MS)
  }
  if (expected?.gone.aborted === true) throw new Error('the process ended')
}

async function speaksHttp(address: string, timeoutMs: number, origin: string | undefined): Promise<boolean> {
  const headers = origin === undefined ? {} : { origin }
  const request = get(address, { agent: false, timeout: timeoutMs, headers })
  return new Promise((done) => {
    request.once('response', (response) => {
      response.destroy()
      done(origin === undefined || response.headers['access-control-allow-origin'] === origin)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => done(false))
  })
}
