import type { Command } from 'commander'
import { clockMs } from '../../local/inspector/clock.js'
import { History } from '../../local/inspector/history.js'
import { Pages } from '../../local/inspector/pages.js'
import { InspectorServer } from '../../local/inspector/server.js'
import { PORT_MAX } from '../../local/options.js'
import { evict } from '../../operator/evict.js'
import { ReadBudget } from '../inspect/read-budget.js'
import { TableWatcher } from '../inspect/table-watcher.js'
import { Tables } from '../inspect/tables.js'
import {
  INSPECT_INTERVAL_MIN_MS,
  INSPECT_INTERVAL_MS,
  INSPECT_READ_UNITS,
  INSPECT_READ_UNITS_MAX,
  INTERVAL_MAX_MS,
} from '../limits.js'
import { operatorOf } from '../stack/operator.js'
import { examples, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { pause } from '../view/pause.js'

interface InspectOptions extends StackOptions {
  readonly port: number
  readonly interval: number
  readonly readUnits: number
  readonly write?: boolean
}

export function defineInspect(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .option('--port <number>', 'the port of the page on this machine; 0 is a free one', wholeNumber(0, PORT_MAX), 0)
    .option(
      '--interval <ms>',
      'the pause between two looks',
      wholeNumber(INSPECT_INTERVAL_MIN_MS, INTERVAL_MAX_MS),
      INSPECT_INTERVAL_MS,
    )
    .option(
      '--read-units <number>',
      'read units of DynamoDB that it uses in a second, at most',
      wholeNumber(1, INSPECT_READ_UNITS_MAX),
      INSPECT_READ_UNITS,
    )
    .option('--write', 'let the page end processes (default: the page only reads)')
    .addHelpText(
      'after',
      `\nIt prints the address of a page: processes, sessions, queues, and the timeline of each session. Only who has the
address sees it, on this machine alone. It knows what the tables tell from look to look: what comes and goes between two
looks is not seen, and messages are not in the tables. It needs dynamodb:Scan on Locks and, for commits and ends of
sessions, dynamodb:BatchGetItem on Sessions; with --write the rights that grants.operate gives.
${examples('holdfast inspect', 'holdfast inspect --profile prod --config config.json', 'holdfast inspect --interval 5000 --read-units 5')}`,
    )
    .action((options: InspectOptions) => inspect(options, terminal))
}

async function inspect(options: InspectOptions, terminal: Terminal): Promise<void> {
  const { ended } = terminal
  const target = openTarget(options, terminal)
  const history = new History()
  const pages = new Pages(history)
  const watcher = new TableWatcher({
    tables: new Tables(target, new ReadBudget(options.readUnits, ended)),
    tell: (fact) => {
      history.add(fact, clockMs())
      pages.added()
    },
    intervalMs: options.interval,
    unitsPerSecond: options.readUnits,
    mayEvict: options.write === true,
  })
  const server = new InspectorServer({
    pages,
    ...(options.write === true ? { evict: (shown: string) => evictShown(shown, watcher, target) } : {}),
  })
  try {
    // Where the first look fails, there is nothing to show.
    if (!(await watcher.look())) return
    await server.start(options.port)
    if (options.json === true) terminal.print(JSON.stringify({ address: server.address }))
    else terminal.print(`watch it at ${server.address}`)
    while (await pause(options.interval, ended)) {
      await watcher.look().catch((error: unknown) => watcher.failed(error))
    }
  } finally {
    await server.stop()
    target.close()
  }
}

async function evictShown(shown: string, watcher: TableWatcher, target: Target): Promise<void> {
  const processId = watcher.idOf(shown)
  if (processId === undefined) throw new Error('the last look has not found this process')
  await evict(processId, await operatorOf(target))
}
