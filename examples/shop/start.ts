import { startLocalStack } from '../../local/testing.js'
import { ServerProcess, stopAll } from './processes.js'
import { help } from './shop.js'

/** `npm start`: the local stack and three application servers, until Ctrl-C. */
const SERVERS = 3
const PORT_DEFAULT = 3001
const PORT_TRIES_MAX = 50

const step = (line: string): void => console.log(`holdfast: ${line}`)

/** The first of these ports that is free from `first` on. A port that is taken is said to be. */
async function startOnFreePort(name: string, first: number, environment: Readonly<Record<string, string>>) {
  for (let port = first; port < first + PORT_TRIES_MAX; port += 1) {
    try {
      return await ServerProcess.start('server.js', name, port, environment)
    } catch (error) {
      if (!String(error).includes('EADDRINUSE')) throw error
      step(`port ${port} is taken, trying ${port + 1}`)
    }
  }
  throw new Error(`no free port from ${first} on: set PORT to another`)
}

async function run(): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const stack = await startLocalStack({ onProgress: step })
  const servers: ServerProcess[] = []
  try {
    let port = Number(process.env.PORT || PORT_DEFAULT)
    for (let index = 1; index <= SERVERS; index += 1) {
      const server = await startOnFreePort(`server-${index}`, port, stack.env)
      servers.push(server)
      port = server.port + 1
      step(`${server.name} answers on ${server.origin}`)
    }
    const crashed = new Promise<string>((resolve) => {
      for (const server of servers) server.onCrash(() => resolve(server.name))
    })
    console.log(`\nThree servers, one session. ${help(...servers.map(({ origin }) => origin))}`)
    step('up; Ctrl-C ends all of it')
    const name = await Promise.race([interrupted, crashed])
    if (name !== undefined) {
      step(`${name} ended by itself; so does the rest`)
      process.exitCode = 1
    }
  } finally {
    step('stopping')
    await stopAll(servers)
    await stack.stop()
    step('stopped')
  }
}

// The AWS SDK's notice about Node.js versions to come would stand in the middle of what is shown.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
await run()
