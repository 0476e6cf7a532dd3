import type { Command } from 'commander'
import { COUNT_MAX, INTERVAL_MAX_MS, INTERVAL_MIN_MS, LINES_MAX, TOP_INTERVAL_MS } from '../limits.js'
import { examples, recordsOption, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { scanLocks } from '../stack/records.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type Frame, frameOf, type Look } from '../view/frame.js'
import { pause } from '../view/pause.js'
import { table } from '../view/table.js'
import { plural, shortKey, time } from '../view/words.js'
import { processesTable, sessionsTable } from './ls.js'

interface TopOptions extends StackOptions {
  readonly namespace?: string
  readonly interval: number
  readonly count?: number
  readonly lines: number
  readonly records: number
}

const [HOME, CLEAR_LINE, CLEAR_BELOW] = ['\x1b[H', '\x1b[K', '\x1b[J']
/** A screen of its own without a cursor, and back. */
const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l']

export function defineTop(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .option('--namespace <name>', 'only sessions of this namespace (default: all)')
    .option(
      '--interval <ms>',
      'the pause between two looks',
      wholeNumber(INTERVAL_MIN_MS, INTERVAL_MAX_MS),
      TOP_INTERVAL_MS,
    )
    .option('--count <number>', 'looks, then it ends (default: until Ctrl-C)', wholeNumber(1, COUNT_MAX))
    .option('--lines <number>', 'lines of each list', wholeNumber(1, LINES_MAX), 8)
    .option(...recordsOption())
    .addHelpText(
      'after',
      `\nOn a terminal the picture is drawn anew; in a pipe each look is a line, with --json one of JSON. Each look scans the
Locks table. 'a second' counts the changes of a lock's epoch: grants, handoffs and releases. Rights: as ls.
${examples('holdfast top', 'holdfast top --interval 10000 --namespace shop', 'holdfast top --json --count 6 | jq .contended')}`,
    )
    .action((options: TopOptions) => top(options, terminal))
}

async function top(options: TopOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  const isDrawn = terminal.isTerminal && options.json !== true
  let before: Look | undefined
  if (isDrawn) terminal.write(ENTER)
  try {
    for (let look = 1; !terminal.ended.aborted; look += 1) {
      const now: Look = { records: await scanLocks(target, options.records), atMs: Date.now() }
      const frame = frameOf(now, before, options.lines, options.namespace)
      before = now
      if (options.json === true) terminal.print(JSON.stringify(frame))
      else if (isDrawn) terminal.write(picture(frame, terminal))
      else terminal.print(`${time(frame.at)}  ${summary(frame)}`)
      if (look === options.count || !(await pause(options.interval, terminal.ended))) break
    }
  } finally {
    if (isDrawn) terminal.write(LEAVE)
    target.close()
  }
}

const summary = ({ held, contended, waiting, grantsPerSecond, hot, isPartial }: Frame): string => {
  const hottest = hot[0] === undefined ? '' : `, hottest ${shortKey(hot[0].session)} ${hot[0].grantsPerSecond} a second`
  const note = isPartial ? ', a part of the table' : ''
  const rate = grantsPerSecond === null ? '' : `, ${grantsPerSecond} a second`
  return `${held} held, ${contended} contended, ${plural(waiting, 'waiter')}${rate}${hottest}${note}`
}

function picture(frame: Frame, terminal: Terminal): string {
  const { paint, rows, columns } = terminal
  const hot = frame.hot.map(({ session, grantsPerSecond, waiting }) => [shortKey(session), grantsPerSecond, waiting])
  const blocks = [
    `${paint('bold', 'holdfast top')}  ${time(frame.at)}  ${summary(frame)}`,
    `${paint('cyan', 'waited for')}\n${sessionsTable(frame.queues, terminal)}`,
    `${paint('cyan', 'hot')}\n${table(['session', 'a second', 'waiting'], hot, paint)}`,
    `${paint('cyan', 'held for longest')}\n${sessionsTable(frame.oldest, terminal)}`,
    `${paint('cyan', 'processes')}\n${processesTable(frame.processes, terminal)}`,
  ]
  const lines = blocks
    .join('\n\n')
    .split('\n')
    .slice(0, rows - 1)
  // A line that is cut would lose the end of its colours; only the first of each block has some, and these are short.
  const fitting = lines.map((line) => (line.length <= columns || line.includes('\x1b') ? line : line.slice(0, columns)))
  return `${HOME}${fitting.map((line) => `${line}${CLEAR_LINE}`).join('\n')}${CLEAR_BELOW}`
}
