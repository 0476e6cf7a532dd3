import type { Command } from 'commander'
import { OPTION_MS_MAX } from '../../client/limits.js'
import { SignedWebSocketTransport } from '../../client/process/websocket.js'
import type { SessionKey } from '../../protocol/keys.js'
import { RELEASE_TIMEOUT_MS } from '../limits.js'
import { takeTurn } from '../lock/turn.js'
import { type IdOptions, withIdOptions } from '../stack/id-key.js'
import { examples, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { getLock, getProcess, type Lock } from '../stack/records.js'
import { checkAnswer, keyOf, readSession } from '../stack/session-argument.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type PlaceView, placeView } from '../view/overview.js'
import { processName, shortKey, waitBefore } from '../view/words.js'

interface ReleaseOptions extends StackOptions, IdOptions {
  readonly yes?: boolean
  readonly timeout: number
}

export function defineRelease(command: Command, terminal: Terminal): void {
  withIdOptions(withStackOptions(command))
    .argument('<session>', 'its id, its hash such as shop#AbCdEfGhIj, or - for a line of standard input')
    .option('--yes', 'do not ask')
    .option('--timeout <ms>', 'how long to wait for the lock', wholeNumber(1, OPTION_MS_MAX), RELEASE_TIMEOUT_MS)
    .addHelpText(
      'after',
      `\nIt queues for the lock as a process of its own, waits for its turn, and gives the lock back at once. So the holder is
asked to release as for any other waiter: its accesses end and are written first. A dead holder is passed over, and one
that does not answer is evicted. Nothing is deleted, nobody is logged out, and the next access may take the lock again.
Where nobody holds it, nothing is done. Rights: those of an application, and dynamodb:GetItem on Locks.
${examples("holdfast release 'shop#AbCdEfGhIj'", "holdfast release 'shop#AbCdEfGhIj' --yes --json", 'pbpaste | holdfast release - --namespace shop --yes')}`,
    )
    .action((session: string, options: ReleaseOptions) => release(session, options, terminal))
}

async function release(argument: string, options: ReleaseOptions, terminal: Terminal): Promise<void> {
  checkAnswer(argument, options.yes)
  const target = openTarget(options, terminal)
  try {
    const session = await keyOf(await readSession(argument, options, terminal), target)
    const lock = await getLock(target, session)
    if (lock?.holder === undefined) {
      if (options.json === true)
        return print(terminal, { session, released: false, holder: null, ahead: 0, waitedMs: 0 })
      return terminal.print(`no process holds ${shortKey(session)}`)
    }
    const nowMs = Date.now()
    const holder = placeView(lock.holder.p, await getProcess(target, lock.holder.p), nowMs)
    const plan = planOf(session, lock, holder)
    await terminal.agree(plan, 'Ask for it?', options.yes)
    const startMs = performance.now()
    await takeTurn(transportOf(target), session, options.timeout)
    const waitedMs = Math.round(performance.now() - startMs)
    const ahead = lock.waiters.length
    if (options.json === true) return print(terminal, { session, released: true, holder, ahead, waitedMs })
    terminal.print(`${nameOf(holder)} has released ${shortKey(session)}, and we gave it back, after ${waitedMs} ms`)
  } finally {
    target.close()
  }
}

interface Released {
  readonly session: SessionKey
  readonly released: boolean
  readonly holder: PlaceView | null
  readonly ahead: number
  readonly waitedMs: number
}

const print = (terminal: Terminal, released: Released): void => terminal.print(JSON.stringify(released))

const transportOf = ({ config, dynamo }: Target) => new SignedWebSocketTransport(config.url, config.region, dynamo)

const nameOf = ({ process, label }: PlaceView): string => processName(process, label ?? undefined)

/** What will happen to whom, in words. */
function planOf(session: SessionKey, { waiters }: Lock, holder: PlaceView): string {
  const ended = (holder.leaseLeftMs ?? 0) > 0 ? '' : ' Its lease is over, so the lock is taken from it.'
  return `Process ${nameOf(holder)} holds ${shortKey(session)}: it is asked to release, and its accesses end first.${ended}${waitBefore(waiters.length)}`
}
