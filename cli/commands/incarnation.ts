import { Argument, type Command } from 'commander'
import { nextIncarnation } from '../../operator/next-incarnation.js'
import { FIRST_INCARNATION } from '../../protocol/incarnation.js'
import { operatorOf } from '../stack/operator.js'
import { examples, type StackOptions, withStackOptions } from '../stack/options.js'
import { getIncarnation } from '../stack/records.js'
import { openTarget } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { time } from '../view/words.js'

interface IncarnationOptions extends StackOptions {
  readonly yes?: boolean
}

export function defineIncarnation(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .addArgument(new Argument('[next]', 'raise it (default: show it)').choices(['next']))
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `\nThe incarnation of the Locks table is a number that only rises. With 'next', every process drops all that it holds,
once, and goes on: for lock records that were lost or changed by hand. All have done so 10 s and a quarter of a lease
later; accesses that run then fail with SESSION_LOST. Nothing is deleted. Rights: dynamodb:GetItem on Locks, for 'next'
dynamodb:UpdateItem too.
${examples('holdfast incarnation', 'holdfast incarnation next', 'holdfast incarnation next --yes --json')}`,
    )
    .action((next: 'next' | undefined, options: IncarnationOptions) => show(next !== undefined, options, terminal))
}

async function show(isNext: boolean, options: IncarnationOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  try {
    const before = await getIncarnation(target)
    if (isNext) {
      const plan = `Every process of table ${await target.locksTable()} drops all that it holds. Accesses that run fail.`
      await terminal.agree(plan, 'Raise the incarnation?', options.yes)
    }
    const incarnation = isNext ? await nextIncarnation(await operatorOf(target)) : before
    const raisedAt = incarnation === FIRST_INCARNATION ? null : incarnation
    if (options.json === true) return terminal.print(JSON.stringify({ incarnation, raisedAt, before }))
    const when = raisedAt === null ? 'never raised' : `raised ${time(raisedAt)}`
    terminal.print(`incarnation ${incarnation}, ${when}`)
  } finally {
    target.close()
  }
}
