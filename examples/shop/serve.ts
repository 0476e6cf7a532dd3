import type { Express } from 'express'
import type { ServerMessage, Standing } from './shop.js'

const STANDING_PERIOD_MS = 500

export interface Service {
  readonly standing: () => Standing
  readonly close: () => Promise<void>
}

/** Runs an application as a process of its own: tells the parent where it listens and how it stands, ends when told. */
export function serve(app: Express, service: Service): void {
  const tell = (message: ServerMessage): void => {
    if (process.connected) process.send?.(message)
  }
  const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', (error?: Error) => {
    const address = server.address()
    if (error === undefined && typeof address === 'object' && address !== null) {
      tell({ kind: 'ready', port: address.port })
      return
    }
    tell({ kind: 'failed', problem: error?.message ?? 'it has no address' })
    void stop()
  })
  const timer = setInterval(() => tell({ kind: 'standing', ...service.standing() }), STANDING_PERIOD_MS)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      clearInterval(timer)
      server.close()
      server.closeIdleConnections()
      await service.close()
      server.closeAllConnections()
      if (process.connected) process.disconnect()
    })()
    return stopping
  }
  process.on('SIGTERM', () => void stop())
  // Ctrl-C reaches every process of the terminal; the parent says when to stop, so that nothing is cut off.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => void stop())
}
