import { type Command, InvalidArgumentError } from 'commander'
import { type Adoption, adopt as adoptCopy } from '../../operator/adopt/adopt.js'
import { usage } from '../failure.js'
import { operatorOf } from '../stack/operator.js'
import { examples, type StackOptions, withStackOptions } from '../stack/options.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { table } from '../view/table.js'
import { time } from '../view/words.js'

interface AdoptOptions extends StackOptions {
  readonly backupAt?: number
  readonly revive?: boolean
  readonly rollBack?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

export function defineAdopt(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .argument('<table>', 'the name of the restored copy of the Sessions table; it is only read')
    .option(
      '--backup-at <time>',
      'the time of the copy, as 2026-11-29T03:00:00Z (default: as DynamoDB has restored it)',
      at,
    )
    .option('--revive', 'also sessions that have ended since, or may have: who has logged out is logged in again')
    .option('--roll-back', 'also sessions that live: what was written to them since the copy is gone')
    .option('--dry-run', 'count, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `\nIt takes sessions from the copy into the live table, while applications go on: those that the live table has lost, and
whose lock proves that no process has used them since the backup. So nobody who has logged out is logged in again. What
lives stays as it is. With --revive or --roll-back every process drops what it holds afterwards. If it fails half-way, run
it again. Rights: dynamodb:Scan and DescribeTable on the copy; BatchGetItem and PutItem on Sessions; BatchGetItem, GetItem
and UpdateItem on Locks.
${examples('holdfast adopt Sessions-restored --dry-run', 'holdfast adopt Sessions-restored', 'holdfast adopt Sessions-restored --revive --yes --json')}`,
    )
    .action((copy: string, options: AdoptOptions) => adopt(copy, options, terminal))
}

async function adopt(copy: string, options: AdoptOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  try {
    const { backupAt, revive = false, rollBack = false } = options
    const { sessionsTable } = target.config
    const stack = { ...(await operatorOf(target)), sessionsTable, revive, rollBack }
    const run = (dryRun: boolean) =>
      adoptCopy(copy, { ...stack, dryRun, ...(backupAt === undefined ? {} : { backupAt }) }).catch(explained)
    const dryRun = options.dryRun === true
    if (!dryRun && options.yes !== true) {
      terminal.note(`${textOf(await run(true), terminal)}\n`)
      await terminal.agree(planOf(copy, sessionsTable, { revive, rollBack }), 'Adopt them?')
    }
    const adoption = await run(dryRun)
    const { backupAt: of, incarnation, ...counts } = adoption
    const view = { copy, dryRun, backupAt: of ?? null, counts, incarnation: incarnation ?? null }
    terminal.print(options.json === true ? JSON.stringify(view) : textOf(adoption, terminal))
  } finally {
    target.close()
  }
}

function explained(error: unknown): never {
  if (error instanceof RangeError) throw usage(error.message, '--backup-at is the time of the copy.')
  throw error
}

/** What will happen to whom, in words. */
function planOf(
  copy: string,
  sessions: string,
  { revive, rollBack }: Pick<AdoptOptions, 'revive' | 'rollBack'>,
): string {
  const what = [
    `Sessions of table ${copy} are written into the live table ${sessions}.`,
    ...(revive === true ? ['Users who have logged out are logged in again.'] : []),
    ...(rollBack === true ? ['What was written to living sessions since the backup is gone.'] : []),
    ...(revive === true || rollBack === true ? ['Every process drops what it holds, and accesses that run fail.'] : []),
  ]
  return what.join(' ')
}

function textOf({ backupAt, incarnation, ...counts }: Adoption, { paint }: Terminal): string {
  const rows = [
    [counts.taken, 'taken from the copy'],
    [counts.living, 'live, and stay as they are'],
    [counts.ended, 'have ended since, and stay so'],
    [counts.unproven, 'may have ended since, and are not taken'],
    [counts.over, 'had ended, or have expired, in the copy'],
    [counts.changed, 'are changed by others again and again'],
    [counts.unreadable, 'are no sessions of this version'],
  ]
  const lines = [table(['sessions', backupAt === undefined ? '' : `of ${time(backupAt)}`], rows, paint)]
  if (incarnation !== undefined) lines.push(`incarnation ${incarnation}`)
  return lines.join('\n')
}

function at(text: string): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(ms) && ms <= Date.now()) return ms
  throw new InvalidArgumentError('Expected a time in the past with its zone, as 2026-11-29T03:00:00Z.')
}
