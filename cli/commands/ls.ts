import type { Command } from 'commander'
import { LINES_DEFAULT, LINES_MAX } from '../limits.js'
import { examples, recordsOption, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { scanLocks } from '../stack/records.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type LockView, lockViews, type ProcessView, processViews } from '../view/overview.js'
import { table } from '../view/table.js'
import { held, lease, plural, processName, shortKey, shortProcess } from '../view/words.js'

interface LsOptions extends StackOptions {
  readonly namespace?: string
  readonly all?: boolean
  readonly limit: number
  readonly records: number
}

export function defineLs(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .option('--namespace <name>', 'only sessions of this namespace (default: all)')
    .option('--all', 'also locks that are free, and processes whose lease is over')
    .option('--limit <lines>', 'sessions, and processes, that are listed', wholeNumber(1, LINES_MAX), LINES_DEFAULT)
    .option(...recordsOption())
    .addHelpText(
      'after',
      `\nIt scans the Locks table, at half a read unit for 4 KB. Those that are waited for come first. 'held' is the time
since the last grant, or the last daily refresh. It needs dynamodb:Scan on Locks, and dynamodb:ListTables unless
--locks-table is given.
${examples('holdfast ls', 'holdfast ls --namespace shop --json | jq .sessions[].session', 'holdfast ls --profile prod --config config.json')}`,
    )
    .action((options: LsOptions) => ls(options, terminal))
}

async function ls(options: LsOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  const records = await scanLocks(target, options.records).finally(() => target.close())
  const nowMs = Date.now()
  const sessions = lockViews(records, nowMs, options.namespace).filter(
    ({ state }) => options.all === true || state !== 'free',
  )
  const processes = processViews(records, nowMs).filter(
    ({ leaseLeftMs, holds, waits }) => options.all === true || leaseLeftMs > 0 || holds + waits > 0,
  )
  const { isPartial, unreadable } = records
  const shown = { sessions: sessions.slice(0, options.limit), processes: processes.slice(0, options.limit) }
  if (options.json === true) {
    const counts = { sessions: sessions.length, processes: processes.length }
    terminal.print(JSON.stringify({ at: nowMs, ...shown, counts, isPartial, unreadable }))
    return
  }
  const { paint } = terminal
  terminal.print(`${sessionsTable(shown.sessions, terminal)}\n`)
  terminal.print(processesTable(shown.processes, terminal))
  terminal.print(`\n${plural(sessions.length, 'session')}, ${plural(processes.length, 'process', 'processes')}`)
  if (isPartial) terminal.note(paint('yellow', `only ${options.records} records were read: give a larger --records`))
  if (unreadable > 0) terminal.note(`${plural(unreadable, 'record')} were not written by this version`)
}

export const sessionsTable = (sessions: readonly LockView[], { paint }: Terminal): string =>
  table(
    ['session', 'state', 'waiting', 'held', 'holder', 'lease'],
    sessions.map(({ session, state, waiting, heldMs, holder }) => [
      shortKey(session),
      state,
      waiting,
      heldMs === null ? '' : held(heldMs),
      holder === null ? '' : processName(holder.process, holder.label ?? undefined),
      holder === null ? '' : holder.leaseLeftMs === null ? 'no record' : lease(holder.leaseLeftMs),
    ]),
    paint,
  )

export const processesTable = (processes: readonly ProcessView[], { paint }: Terminal): string =>
  table(
    ['process', 'label', 'holds', 'waits', 'lease', 'principal'],
    processes.map(({ process, label, holds, waits, leaseLeftMs, evictedAt, principal }) => [
      shortProcess(process),
      label,
      holds,
      waits,
      evictedAt === null ? lease(leaseLeftMs) : 'evicted',
      principal,
    ]),
    paint,
  )
