import { once } from 'node:events'
import { startLocalStack } from '../../local/index.js'
import { interruption, step } from './command.js'
import { firstCrashed, PortTakenError, ServerProcess, stopAll } from './processes.js'

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
async function startFrom(script: URL, first: number, name: string, environment: Readonly<Record<string, string>>) {
  const last = Math.min(PORT_MAX, first + PORT_TRIES_MAX - 1)
  for (let port = first; port <= last; port += 1) {
    try {
      return await ServerProcess.start(script, name, port, environment)
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error
      step(`${error.message}, trying the next`)
    }
  }
  throw new Error(`no free port from ${first} to ${last}: set PORT to another`)
}

/** Runs the local stack and `count` servers of one script, until Ctrl-C. `introduce` says what to try on their origins. */
export async function runServers(
  script: URL,
  count: number,
  introduce: (...origins: readonly string[]) => string,
): Promise<void> {
  let port = firstPort()
  const interrupted = interruption()
  const stack = await startLocalStack({ onProgress: step })
  const servers: ServerProcess[] = []
  try {
    while (servers.length < count && !interrupted.aborted) {
      const server = await startFrom(script, port, `server-${servers.length + 1}`, stack.env)
      servers.push(server)
      port = server.port + 1
      step(`${server.name} answers on ${server.origin}`)
    }
    if (interrupted.aborted) return
    console.log(`\n${introduce(...servers.map(({ origin }) => origin))}`)
    step('up; Ctrl-C ends all of it')
    const ended = await Promise.race([once(interrupted, 'abort'), firstCrashed(servers)])
    if (typeof ended === 'string') throw new Error(`${ended} ended by itself, so the rest was stopped, too`)
  } finally {
    step('stopping')
    await stopAll(servers)
    await stack.stop()
    step('stopped')
  }
}
