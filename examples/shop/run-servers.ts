import { once } from 'node:events'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { interruption, step } from './command.js'
import { firstCrashed, PortTakenError, ServerProcess, stopAll } from './processes.js'

const PORT_DEFAULT = 3001
const PORT_MAX = 65_535
/** Ports that are tried for one server before it is given up. */
const PORT_TRIES_MAX = 50

/** The servers as something else drives them. */
interface Driver {
  /** Those that are to be stopped at the end. */
  readonly servers: readonly ServerProcess[]
  end(): void
}

function portIn(variable: string, least: number, byDefault: number): number {
  const text = process.env[variable]
  const port = text === undefined || text === '' ? byDefault : Number(text)
  if (Number.isInteger(port) && port >= least && port <= PORT_MAX) return port
  throw new RangeError(`${variable} must be an integer from ${least} to ${PORT_MAX}, received '${text}'`)
}

/** The inspector's page, unless INSPECTOR_PORT is `off`. */
const inspector = () => process.env.INSPECTOR_PORT !== 'off' && { port: portIn('INSPECTOR_PORT', 0, 0) }

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

/**
 * Runs the local stack and `count` servers of one script, until Ctrl-C. `introduce` says what to try on their origins.
 * `drive` lets something else stop and start them.
 */
export async function runServers(
  script: URL,
  count: number,
  introduce: (...origins: readonly string[]) => string,
  drive?: (stack: LocalStack, servers: readonly ServerProcess[]) => Driver,
): Promise<void> {
  let port = portIn('PORT', 1, PORT_DEFAULT)
  const interrupted = interruption()
  const stack = await startLocalStack({ onProgress: step, inspector: inspector() })
  const servers: ServerProcess[] = []
  let driver: Driver | undefined
  try {
    if (stack.inspector !== undefined) step(`watch it on ${stack.inspector.address}`)
    while (servers.length < count && !interrupted.aborted) {
      const server = await startFrom(script, port, `server-${servers.length + 1}`, stack.env)
      servers.push(server)
      port = server.port + 1
      step(`${server.name} answers on ${server.origin}`)
    }
    if (interrupted.aborted) return
    driver = drive?.(stack, servers)
    const what = drive === undefined ? 'Watch it' : 'Watch it, and break it'
    const watch = stack.inspector === undefined ? '' : `${what}: ${stack.inspector.address}\n\n`
    console.log(`\n${watch}${introduce(...servers.map(({ origin }) => origin))}`)
    step('up; Ctrl-C ends all of it')
    const ended = await Promise.race([once(interrupted, 'abort'), firstCrashed(servers)])
    if (typeof ended === 'string') throw new Error(`${ended} ended by itself, so the rest was stopped, too`)
  } finally {
    step('stopping')
    driver?.end()
    await stopAll(driver?.servers ?? servers)
    await stack.stop()
    step('stopped')
  }
}
