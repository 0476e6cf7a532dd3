import type { Command } from 'commander'
import { evict as evictProcess } from '../../operator/evict.js'
import { EXIT, Failure, usage } from '../failure.js'
import { PROCESS_CHARS } from '../limits.js'
import { operatorOf } from '../stack/operator.js'
import { examples, recordsOption, type StackOptions, withStackOptions } from '../stack/options.js'
import { type Records, scanLocks } from '../stack/records.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type ProcessView, processViews } from '../view/overview.js'
import { duration, lease, plural, processName } from '../view/words.js'

interface EvictOptions extends StackOptions {
  readonly yes?: boolean
  readonly records: number
}

const STARTED = new RegExp(`^[A-Za-z0-9_-]{${PROCESS_CHARS},16}$`)

export function defineEvict(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .argument('<process>', `its id, or the first ${PROCESS_CHARS} characters and more, as ls shows them`)
    .option('--yes', 'do not ask')
    .option(...recordsOption())
    .addHelpText(
      'after',
      `\nThe lease of the process is extended no more, and its connections are closed. It may use what it holds until its lease
is over, then its sessions go to others; accesses that run in it fail. Acknowledged writes stay. Where its credentials
work still, it connects again as a new process: to keep it out, take its rights first. An id that begins with '-'
stands after --. Rights: dynamodb:Scan on Locks, and those of grants.operate().
${examples('holdfast evict kq3VbJ0x', 'holdfast evict kq3VbJ0x --yes --json', 'holdfast ls --json | jq -r .processes[].process')}`,
    )
    .action((start: string, options: EvictOptions) => evict(start, options, terminal))
}

async function evict(start: string, options: EvictOptions, terminal: Terminal): Promise<void> {
  if (!STARTED.test(start)) {
    throw usage(`a process id has ${PROCESS_CHARS} to 16 characters of A-Z a-z 0-9 _ -`, "'holdfast ls' lists them.")
  }
  const target = openTarget(options, terminal)
  try {
    const records = await scanLocks(target, options.records)
    const found = find(records, start)
    const plan = planOf(found, records)
    await terminal.agree(plan, 'Evict it?', options.yes)
    const eviction = await evictProcess(found.process, await operatorOf(target))
    if (eviction === undefined) throw missing(start, false)
    const { process, label } = found
    if (options.json === true) return terminal.print(JSON.stringify({ process, label, ...eviction }))
    const leftMs = eviction.leaseUntil - Date.now()
    terminal.print(
      `${processName(process, label)} is evicted: ${plural(eviction.closed, 'connection')} closed, lease ${lease(leftMs)}`,
    )
  } finally {
    target.close()
  }
}

function find(records: Records, start: string): ProcessView {
  const views = processViews(records, Date.now()).filter(({ process }) => process.startsWith(start))
  const [view, ...others] = views
  if (view === undefined) throw missing(start, records.isPartial)
  if (others.length === 0) return view
  throw usage(`${views.length} processes are called ${start}…`, 'Give more characters of the id.')
}

const missing = (start: string, isPartial: boolean): Failure =>
  new Failure(
    'PROCESS_MISSING',
    `no process is called ${start}`,
    isPartial ? 'Not all records were read: give a larger --records.' : "'holdfast ls --all' lists them.",
    EXIT.missing,
  )

/** What will happen to whom, in words. */
function planOf({ process, label, principal, leaseLeftMs, holds, evictedAt }: ProcessView, { locks }: Records): string {
  const wanted = [...locks.values()].filter(({ holder, waiters }) => holder?.p === process && waiters.length > 0)
  const who = `Process ${processName(process, label)} of ${principal}`
  const sessions = `It holds ${plural(holds, 'session')}, ${wanted.length} of them waited for:`
  if (leaseLeftMs <= 0) return `${who}: its lease is over already. ${sessions} others may have them now.`
  const before = evictedAt === undefined || evictedAt === null ? '' : ' It was evicted before.'
  return `${who}: its lease is extended no more, and its connections are closed.${before} ${sessions} others may have them when its lease is over, in ${duration(leaseLeftMs)} at most. Accesses that run in it fail.`
}
