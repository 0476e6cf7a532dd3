import { createServer, type RequestListener } from 'node:http'
import { setClockAhead } from './clock.js'

/** How a server stands: sessions it holds, sessions it waits for, and how often it was granted one. */
export interface Standing {
  readonly held: number
  readonly waiting: number
  readonly grants: number
}

/** A message of the parent: how does the server stand, or its wall clock is to be set ahead. */
export type ParentMessage = 'standing' | { readonly aheadMs: number }

/** A message of a server process to its parent. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'standing'; readonly standing: Standing }

export interface Service {
  standing(): Standing
  /** Ends the accesses that run. */
  close(): Promise<void>
}

/** Longer than any browser or proxy keeps an unused connection, so that none sends a request as this side closes it. */
const KEEP_ALIVE_MS = 75_000
/** A server whose store is gone ends all the same. */
const CLOSE_TIMEOUT_MS = 4_000

/** Runs an application as a process of its own, on the port that PORT names, until its parent ends it or is gone. */
export function serve(app: RequestListener, service: Service): void {
  const tell = (message: ServerMessage): void => {
    // Without a callback, a parent that ends just now would be an uncaught error.
    if (process.connected) process.send?.(message, undefined, {}, () => {})
  }
  const server = createServer(app)
  server.once('error', ({ message }) => {
    tell({ kind: 'failed', problem: message })
    void stop()
  })
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) tell({ kind: 'ready', port: address.port })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref()
      const closed = new Promise((resolve) => server.close(resolve))
      // Requests that run end, those that wait are refused, and all of them are answered.
      await service.close()
      server.closeIdleConnections()
      await closed
      if (process.connected) process.disconnect()
    })()
    return stopping
  }
  process.on('message', (message: ParentMessage) => {
    if (message === 'standing') tell({ kind: 'standing', standing: service.standing() })
    else setClockAhead(message.aheadMs)
  })
  process.on('SIGTERM', () => void stop())
  // Ctrl-C reaches every process of the terminal; the parent says when to stop, so that nothing is cut off.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => void stop())
}
