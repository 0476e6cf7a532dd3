import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { LocalStartError } from './errors.js'

/**
 * Where free ports are looked for: below those that systems give to connections, so that a part which stops finds its
 * port again when it starts.
 */
const FREE_PORTS = [20_000, 32_000] as const
const FREE_PORT_ATTEMPTS_MAX = 50

/**
 * Listens for this machine alone, and keeps no process alive. Port 0 stands for a free one. `what` names the part in the
 * error of a port that is taken.
 */
export async function listen(server: Server, port: number, what: string): Promise<void> {
  server.on('connection', (socket) => socket.unref())
  for (let attempt = 1; ; attempt += 1) {
    const wanted = port === 0 ? randomInt(...FREE_PORTS) : port
    try {
      server.listen(wanted, '127.0.0.1').unref()
      await once(server, 'listening')
      return
    } catch (cause) {
      if (port === 0 && attempt < FREE_PORT_ATTEMPTS_MAX) continue
      const { code } = cause as NodeJS.ErrnoException
      const problem = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${code})`
      throw new LocalStartError(`the port ${wanted} for ${what} ${problem}: choose another one`, cause)
    }
  }
}

/** A port that was free just now. */
export async function freePort(what: string): Promise<number> {
  const server = createServer()
  await listen(server, 0, what)
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}
