import type { Item, Update } from '../../protocol/dynamodb.js'
import { lockKey } from '../../protocol/keys.js'
import { RECLAIMS_PER_MESSAGE_MAX } from '../../protocol/limits.js'
import { readLock } from '../../protocol/lock/record.js'
import type { Exchange } from './exchange.js'
import type { Judge } from './judge.js'

interface Given {
  readonly p: string
  readonly epoch: number
}

/** Whom the functions tell of a lock: the holder that a handoff makes, in the same invocation; and a holder, to ask it. */
export class TellingWatch {
  private readonly holders = new Map<string, string>()
  private readonly epochs = new Map<string, number>()
  /** The writes that gave a lock to another process. */
  private readonly given = new WeakMap<Update, Given>()

  constructor(private readonly judge: Judge) {}

  wroteLock(update: Update, before: Item | undefined, after: Item | undefined): void {
    const is = readLock(after)
    if (is === undefined) return
    const { epoch, holder } = is
    this.epochs.set(update.key, epoch)
    if (holder === undefined) return
    this.holders.set(`${update.key} ${epoch}`, holder.p)
    if (holder.p !== readLock(before)?.holder?.p) this.given.set(update, { p: holder.p, epoch })
  }

  answered(exchange: Exchange): void {
    if (exchange.answer.type === 'refused') return
    this.checkAsked(exchange)
    this.checkGiven(exchange)
  }

  private checkAsked({ before, pushed }: Exchange): void {
    for (const { p, message } of pushed) {
      if (message.type !== 'revoke' || p === undefined) continue
      const key = lockKey(message.session)
      if (this.judge.forgotten.has(key, message.epoch)) this.judge.leaveOut('answers')
      else if (this.holders.get(`${key} ${message.epoch}`) !== p)
        this.judge.violate('16', 'one that does not hold a lock is asked for it')
      else if (message.epoch < (readLock(before)?.epoch ?? 0))
        this.judge.violate('16', 'a former holder is asked for the lock')
    }
  }

  private checkGiven({ p, message, pushed, wrote, arrivedAtMs }: Exchange): void {
    const given = wrote.flatMap((update) => this.given.get(update) ?? [])
    const last = given.at(-1)
    // Past so many dead processes the next message goes on.
    if (!('session' in message) || last === undefined || given.length >= RECLAIMS_PER_MESSAGE_MAX) return
    const key = lockKey(message.session)
    if (last.p === p || this.epochs.get(key) !== last.epoch) return
    const { forgotten } = this.judge
    if (forgotten.wasDamagedSince(key, arrivedAtMs) || forgotten.isStranger(last.p))
      return this.judge.leaveOut('answers')
    if (!pushed.some(({ message: told }) => told.type === 'granted' && told.epoch === last.epoch))
      this.judge.violate('16', `a ${message.type} gives the lock to one that waits, and does not tell it`)
  }
}
