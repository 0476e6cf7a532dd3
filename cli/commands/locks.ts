import { Argument, type Command } from 'commander'
import { emptyLocks } from '../../operator/empty-locks.js'
import { operatorOf } from '../stack/operator.js'
import { examples, recordsOption, type StackOptions, withStackOptions } from '../stack/options.js'
import { type Records, scanLocks } from '../stack/records.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { processViews } from '../view/overview.js'
import { plural } from '../view/words.js'

interface LocksOptions extends StackOptions {
  readonly yes?: boolean
  readonly records: number
}

export function defineLocks(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .addArgument(new Argument('<empty>', 'delete every record of the Locks table').choices(['empty']))
    .option('--yes', 'do not ask')
    .option(...recordsOption())
    .addHelpText(
      'after',
      `\nIt deletes the records of all locks, queues, processes and connections, then raises the incarnation: every process drops
what it holds, and goes on. For records that are damaged, or were restored from a backup. No session and no acknowledged
write is lost. Accesses that run fail with SESSION_LOST. Until a process has heard of it, up to 10 s and a quarter of a
lease, it may read its own older copy of a session that another has got. --records bounds what is counted first.
If it fails half-way, run it again. Rights on Locks: dynamodb:Scan, BatchWriteItem, GetItem, UpdateItem.
${examples('holdfast locks empty', 'holdfast locks empty --yes --json')}`,
    )
    .action((_: 'empty', options: LocksOptions) => empty(options, terminal))
}

async function empty(options: LocksOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  try {
    const plan = planOf(await target.locksTable(), await scanLocks(target, options.records))
    await terminal.agree(plan, 'Empty it?', options.yes)
    const emptied = await emptyLocks(await operatorOf(target))
    if (options.json === true) return terminal.print(JSON.stringify(emptied))
    terminal.print(`${plural(emptied.deleted, 'record')} deleted, incarnation ${emptied.incarnation}`)
  } finally {
    target.close()
  }
}

/** What will happen to whom, in words. */
function planOf(table: string, records: Records): string {
  const held = [...records.locks.values()].filter(({ holder }) => holder !== undefined).length
  const alive = processViews(records, Date.now()).filter(({ leaseLeftMs }) => leaseLeftMs > 0).length
  const least = records.isPartial ? 'at least ' : ''
  return `All records of table ${table} are deleted: ${least}${plural(held, 'held lock')}, ${least}${plural(alive, 'process', 'processes')} alive. Every process drops what it holds, and accesses that run fail.`
}
