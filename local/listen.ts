import { once } from 'node:events'
import type { Server } from 'node:http'
import { LocalStartError } from './errors.js'

/** Listens for this machine alone, and keeps no process alive. `what` names the part in the error of a port that is taken. */
export async function listen(server: Server, port: number, what: string): Promise<void> {
  server.on('connection', (socket) => socket.unref())
  server.listen(port, '127.0.0.1').unref()
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${cause.code})`
    throw new LocalStartError(`the port ${port} for ${what} ${problem}: choose another one`, cause)
  })
}
