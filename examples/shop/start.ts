import { once } from 'node:events'
import { startLocalStack } from '../../local/index.js'
import { interruption, runCommand, step } from './command.js'
import { firstCrashed, PortTakenError, ServerProcess, SHOP_SERVER, stopAll } from './processes.js'
import { help } from './shop.js'

/** `npm start`: the local stack and three application servers, until Ctrl-C. */
const SERVERS = 3
const PORT_DEFAULT = 3001
const PORT_MAX = 65_535
/** Ports that are tried for one server before it is given up. */
const PORT_TRIES_MAX = 50

function firstPort(): number {
  const { PORT } = process.env
  const port = PORT === undefined || PORT === '' ? PORT_DEFAULT : Number(PORT)
  if (Number.isInteger(port) && port >= 1 && port <= PORT_MAX) return port
  throw new RangeError(`PORT must be an integer from 1 to ${PORT_MAX}, received '${PORT}'`)
}

/** Starts a server on the first free port from `first` on, and says so where a port is taken. */
async function startFrom(first: number, name: string, environment: Readonly<Record<string, string>>) {
  const last = Math.min(PORT_MAX, first + PORT_TRIES_MAX - 1)
  for (let port = first; port <= last; port += 1) {
    try {
      return await ServerProcess.start(SHOP_SERVER, name, port, environment)
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error
      step(`${error.message}, trying the next`)
    }
  }
  throw new Error(`no free port from ${first} to ${last}: set PORT to another`)
}

await runCommand(async () => {
  let port = firstPort()
  const interrupted = interruption()
  const stack = await startLocalStack({ onProgress: step })
  const servers: ServerProcess[] = []
  try {
    while (servers.length < SERVERS && !interrupted.aborted) {
      const server = await startFrom(port, `server-${servers.length + 1}`, stack.env)
      servers.push(server)
      port = server.port + 1
      step(`${server.name} answers on ${server.origin}`)
    }
    if (interrupted.aborted) return
    console.log(`\nThree servers, one session. ${help(...servers.map(({ origin }) => origin))}`)
    step('up; Ctrl-C ends all of it')
    const ended = await Promise.race([once(interrupted, 'abort'), firstCrashed(servers)])
    if (typeof ended === 'string') throw new Error(`${ended} ended by itself, so the rest was stopped, too`)
  } finally {
    step('stopping')
    await stopAll(servers)
    await stack.stop()
    step('stopped')
  }
})
