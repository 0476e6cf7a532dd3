import type { RequestHandler } from 'express'

// The demo's measurements inside a server. A shop of your own needs none of them.

/** Sessions whose last epoch is remembered; beyond it the oldest is forgotten, and its next access counts as given. */
const SESSIONS_MAX = 10_000

/**
 * Says in the header `x-waited` whether anything was waited for. An answer that is ready in the turn of the event loop
 * in which its request came cannot have waited for a network call, its own or another's.
 */
export const meterWaits: RequestHandler = (_request, response, next) => {
  let isSameTurn = true
  setImmediate(() => {
    isSameTurn = false
  })
  const json = response.json.bind(response)
  response.json = (body: unknown) => json.call(response.set('x-waited', isSameTurn ? 'no' : 'yes'), body)
  next()
}

/** Tells whether a session was here when an access to it began: its epoch rises with every grant. */
export class EpochMeter {
  private readonly epochs = new Map<string, number>()

  /** Call when the access begins, and the result inside it. */
  begin(id: string): (epoch: number) => 'kept' | 'given' {
    const before = this.epochs.get(id)
    return (epoch) => {
      if (epoch === before) return 'kept'
      this.epochs.delete(id)
      this.epochs.set(id, epoch)
      const [oldest] = this.epochs.keys()
      if (this.epochs.size > SESSIONS_MAX && oldest !== undefined) this.epochs.delete(oldest)
      return 'given'
    }
  }
}
