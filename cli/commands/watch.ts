import type { Command } from 'commander'
import { COUNT_MAX, INTERVAL_MAX_MS, INTERVAL_MIN_MS, WATCH_INTERVAL_MS } from '../limits.js'
import { type IdOptions, withIdOptions } from '../stack/id-key.js'
import { examples, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { getLock, getProcess, getSession } from '../stack/records.js'
import { keyOf, readSession } from '../stack/session-argument.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type Change, changesBetween, type Seen } from '../view/changes.js'
import { pause } from '../view/pause.js'
import { plural, processName, shortKey, time } from '../view/words.js'

interface WatchOptions extends StackOptions, IdOptions {
  readonly interval: number
  readonly count?: number
  readonly events?: number
}

export function defineWatch(command: Command, terminal: Terminal): void {
  withIdOptions(withStackOptions(command))
    .argument('<session>', 'its id, its hash such as shop#AbCdEfGhIj, or - for a line of standard input')
    .option(
      '--interval <ms>',
      'the pause between two looks',
      wholeNumber(INTERVAL_MIN_MS, INTERVAL_MAX_MS),
      WATCH_INTERVAL_MS,
    )
    .option('--count <number>', 'looks, then it ends (default: until Ctrl-C)', wholeNumber(1, COUNT_MAX))
    .option('--events <number>', 'events, then it ends', wholeNumber(1, COUNT_MAX))
    .addHelpText(
      'after',
      `\nIt reads the records of the session again and again, and prints what has changed; each look is 2 reads. What comes
and goes between two looks is counted as 'passed'. It needs dynamodb:GetItem on both tables.
${examples("holdfast watch 'shop#AbCdEfGhIj'", 'pbpaste | holdfast watch - --namespace shop --json', "holdfast watch 'shop#AbCdEfGhIj' --events 1 && say changed")}`,
    )
    .action((session: string, options: WatchOptions) => watch(session, options, terminal))
}

async function watch(argument: string, options: WatchOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  try {
    const session = await keyOf(await readSession(argument, options, terminal), target)
    const look = async (): Promise<Seen> => {
      const [lock, record] = await Promise.all([getLock(target, session), getSession(target, session)])
      return { atMs: Date.now(), lock, record }
    }
    const labels = new Map<string, string>()
    let before = await look()
    terminal.note(`holdfast: watching ${shortKey(session)}; Ctrl-C ends it`)
    let told = 0
    for (let looks = 1; looks !== options.count && (await pause(options.interval, terminal.ended)); looks += 1) {
      const now = await look()
      for (const change of changesBetween(before, now)) {
        const label = 'process' in change ? await labelOf(change.process, labels, target) : undefined
        terminal.print(
          options.json === true
            ? JSON.stringify({ at: now.atMs, session, ...change, ...(label === undefined ? {} : { label }) })
            : `${time(now.atMs)}  ${textOf(change, label)}`,
        )
        told += 1
        if (told === options.events) return
      }
      before = now
    }
  } finally {
    target.close()
  }
}

async function labelOf(process: string, known: Map<string, string>, target: Target): Promise<string> {
  const label = known.get(process) ?? (await getProcess(target, process))?.label ?? ''
  known.set(process, label)
  return label
}

function textOf(change: Change, label = ''): string {
  const who = 'process' in change ? processName(change.process, label) : ''
  switch (change.event) {
    case 'granted':
      return `granted to ${who}, epoch ${change.epoch}`
    case 'released':
      return `released by ${who}, epoch ${change.epoch}`
    case 'queued':
      return `${who} waits, at place ${change.position + 1}`
    case 'left':
      return `${who} no longer waits`
    case 'asked':
      return `${who} is asked to release`
    case 'busy':
      return `${who} is busy, until ${time(change.until)} at most`
    case 'passed':
      return `${change.changes} more grants and releases between two looks`
    case 'claimed':
      return `claimed, fence ${change.fence}`
    case 'committed':
      return `committed, revision ${change.rev}${change.revisions > 1 ? `, the last of ${change.revisions}` : ''}, ${plural(change.attributes, 'attribute')}`
    case 'born':
      return `made, revision ${change.rev}`
    case 'ended':
      return `ended: ${change.reason}`
    case 'removed':
      return `the record of the ${change.record} is gone`
  }
}
