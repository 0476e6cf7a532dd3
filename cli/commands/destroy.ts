import type { Command } from 'commander'
import { createHoldfast } from '../../client/create.js'
import { OPTION_MS_MAX } from '../../client/limits.js'
import { absenceOf } from '../../protocol/state/record.js'
import { EXIT, Failure, usage } from '../failure.js'
import { DESTROY_TIMEOUT_MS } from '../limits.js'
import { type IdOptions, withIdOptions } from '../stack/id-key.js'
import { examples, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { getLock, getProcess, getSession } from '../stack/records.js'
import { checkAnswer, readSession } from '../stack/session-argument.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { plural, processName, shortKey, waitBefore } from '../view/words.js'

interface DestroyOptions extends StackOptions, IdOptions {
  readonly yes?: boolean
  readonly timeout: number
}

export function defineDestroy(command: Command, terminal: Terminal): void {
  withIdOptions(withStackOptions(command))
    .argument('<session>', 'its id, or - for a line of standard input')
    .option('--yes', 'do not ask')
    .option('--timeout <ms>', 'how long to wait for the lock', wholeNumber(1, OPTION_MS_MAX), DESTROY_TIMEOUT_MS)
    .addHelpText(
      'after',
      `\nIt does what an application's destroy() does: it waits for the lock, so accesses under way end first, then deletes
all attributes. The user is logged out. There is no way back. It needs the id, since only a client that has it gets
the lock. Rights: those of an application, and dynamodb:GetItem on Locks.
${examples('pbpaste | holdfast destroy - --namespace shop --yes', 'holdfast destroy "$(cat id)" --namespace shop --id-key-file key')}`,
    )
    .action((session: string, options: DestroyOptions) => destroy(session, options, terminal))
}

async function destroy(argument: string, options: DestroyOptions, terminal: Terminal): Promise<void> {
  checkAnswer(argument, options.yes)
  const target = openTarget(options, terminal)
  try {
    const session = await readSession(argument, options, terminal)
    if (session.kind === 'hash')
      throw usage(
        'a hash cannot be destroyed: only a client that has the id gets the lock',
        'Give the id, or - and the id on standard input.',
      )
    const plan = await planOf(target, session.key)
    await terminal.agree(plan, 'Destroy it?', options.yes)
    const { config, clientCredentials: credentials } = target
    const client = createHoldfast({
      namespace: session.namespace,
      config,
      label: 'holdfast destroy',
      ...(credentials === undefined ? {} : { credentials }),
      ...(session.idKey === undefined ? {} : { idKey: session.idKey }),
    })
    let destroyed: boolean
    try {
      destroyed = await client.destroy(session.id, { timeoutMs: options.timeout })
    } finally {
      await client.close()
    }
    if (!destroyed) throw missing(session.key)
    if (options.json === true) terminal.print(JSON.stringify({ session: session.key, destroyed }))
    else terminal.print(`${shortKey(session.key)} is destroyed`)
  } finally {
    target.close()
  }
}

const missing = (key: string): Failure =>
  new Failure(
    'SESSION_MISSING',
    `there is no session ${shortKey(key)}`,
    'Check the id, --namespace, and whether the application has an idKey.',
    EXIT.missing,
  )

/** What will happen to whom, in words. */
async function planOf(target: Target, key: string): Promise<string> {
  const [record, lock] = await Promise.all([getSession(target, key), getLock(target, key)])
  if (absenceOf(record, Date.now()) !== undefined || record === undefined) throw missing(key)
  const attributes = plural(Object.keys(record.attrs ?? {}).length, 'attribute')
  const what = `${shortKey(key)} in table ${target.config.sessionsTable}: its ${attributes} will be deleted.`
  const holder = lock?.holder === undefined ? undefined : await getProcess(target, lock.holder.p)
  if (lock?.holder === undefined) return `${what} No process holds it.`
  const who = processName(lock.holder.p, holder?.label)
  return `${what} Process ${who} holds it: it is asked to release, and its accesses end first.${waitBefore(lock.waiters.length)}`
}
