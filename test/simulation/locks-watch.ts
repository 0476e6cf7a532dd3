import type { Item, Update } from '../../protocol/dynamodb.js'
import { lockKey, processKey, type SessionKey } from '../../protocol/keys.js'
import { readLock, type Seat } from '../../protocol/lock/record.js'
import type { Granted, StoreMessage } from '../../protocol/messages.js'
import { readProcess } from '../../protocol/process/record.js'
import type { Exchange } from './exchange.js'
import type { Judge } from './judge.js'
import { TurnsWatch } from './turns-watch.js'
import { TIMING } from './workload.js'

/** The records of the Locks table: whether each write was one that a lock or a lease may take. */
export class LocksWatch {
  /** The process that each epoch of a lock was given to. */
  private readonly holders = new Map<string, string>()
  private readonly retired = new Set<string>()
  private readonly leases = new Map<string, number>()
  /** The longest margin that each process was promised. */
  private readonly promisedMs = new Map<string, number>()
  /** The newest connection of each process. */
  private readonly connections = new Map<string, string>()
  /** Connections in whose place a process has put a newer one, and when. */
  private readonly replaced = new Map<string, { readonly process: string; readonly atMs: number }>()
  /** The epoch of each lock as it stands. */
  private readonly epochs = new Map<string, number>()
  /** The last epoch that each lock ever had. */
  private readonly lastEpochs = new Map<string, number>()
  /** Each lock as it stands. */
  private readonly locks = new Map<string, Item>()
  private readonly turns = new TurnsWatch()

  /** Grants under which an access has begun to end the session. */
  private readonly ended = new Set<string>()

  /** Whether a process has taken a request for a lock back. */
  hasCancelled: (lock: string, seat: Seat) => boolean = () => false
  /** The margins of the functions that run; a process may have been promised a longer one. */
  storeMarginsMs: readonly number[] = [TIMING.storeMarginMs]
  /** Told when a lock goes from a process to another, or to nobody. */
  onTaken: (key: string, epoch: number) => void = () => {}
  /** Whether faults may keep asks or their answers from arriving now. */
  mayEvict: () => boolean = () => false

  constructor(private readonly judge: Judge) {}

  wrote(update: Update, before: Item | undefined, after: Item | undefined): void {
    if (update.key.startsWith('S#')) this.wroteLock(update.key, before, after)
    else if (update.key.startsWith('P#')) this.wroteProcess(update, before, after)
  }

  /** Only a connection that is over, or displaced, loses its record. */
  removed(key: string, isConnected: (connectionId: string) => boolean): void {
    if (!key.startsWith('C#')) return
    const connectionId = key.slice(2)
    if (!isConnected(connectionId)) return
    if ([...this.connections.values()].includes(connectionId))
      this.judge.violate('18', 'a connection that works has lost its record')
  }

  /** Whether the lock is still where it was under this epoch, as far as can be said. */
  isAt(session: SessionKey, epoch: number): boolean {
    return this.mayBeForgotten(session, epoch) || this.epochs.get(lockKey(session)) === epoch
  }

  /** Whether this grant is one that the Locks table may have forgotten. */
  mayBeForgotten(session: string, epoch: number): boolean {
    const { forgotten } = this.judge
    const key = lockKey(session as SessionKey)
    return forgotten.has(key, epoch) || forgotten.isStranger(this.holders.get(`${key} ${epoch}`) ?? '')
  }

  /** A fault has put the record of a lock back, or has taken it away. */
  damaged(key: string, now: Item | undefined): void {
    const lock = readLock(now)
    this.judge.forgotten.damaged(key, Math.max(this.lastEpochs.get(key) ?? 0, lock?.epoch ?? 0), this.judge.wallMs())
    if (lock === undefined || now === undefined) this.forget(key)
    else {
      this.epochs.set(key, lock.epoch)
      this.locks.set(key, now)
      this.turns.forget(key)
    }
  }

  /** The table is empty from now on. */
  emptied(): void {
    const { forgotten } = this.judge
    for (const [key, epoch] of this.lastEpochs) {
      forgotten.damaged(key, epoch, this.judge.wallMs())
      this.forget(key)
    }
    forgotten.estranged([...this.leases.keys()].map((key) => key.slice(2)))
    this.connections.clear()
    this.replaced.clear()
  }

  private forget(key: string): void {
    this.turns.forget(key)
    this.epochs.delete(key)
    this.locks.delete(key)
  }

  /** An access ends the session under this id: no other may begin under the same grant. */
  ending(session: SessionKey, epoch: number): void {
    this.ended.add(`${lockKey(session)} ${epoch}`)
  }

  /** It has failed without effect, and the access goes on with the session. */
  endingFailed(session: SessionKey, epoch: number): void {
    this.ended.delete(`${lockKey(session)} ${epoch}`)
  }

  /** An access begins: nobody else may have been given the lock since, nor may any function be about to. */
  began(session: SessionKey, epoch: number): void {
    if (this.mayBeForgotten(session, epoch)) return this.judge.leaveOut('accesses')
    const key = lockKey(session)
    if (this.ended.has(`${key} ${epoch}`))
      this.judge.violate('15', 'an access begins where another is ending the session')
    if (!this.isAt(session, epoch)) {
      this.judge.violate('1', `an access of epoch ${epoch} begins while the lock is at ${this.epochs.get(key)}`)
    }
    const overMs = this.judge.wallMs() - this.safeUntil(this.holders.get(`${key} ${epoch}`) ?? '')
    if (overMs > 0) this.judge.violate('1', `an access begins ${overMs} ms after its lock may be taken back`)
  }

  /** Until when a process believes in its lease, in true time. */
  believes(p: string, untilMs: number): void {
    if (this.retired.has(processKey(p))) return
    if (this.judge.forgotten.isStranger(p)) return this.judge.leaveOut('beliefs')
    const overMs = untilMs - this.safeUntil(p)
    if (overMs > 0) this.judge.violate('9', `a process believes in its lease ${overMs} ms longer than the store`)
  }

  /** The clock of the function that takes a lock back may be ahead by as much. */
  private safeUntil(p: string): number {
    return this.safeUntilOf(processKey(p))
  }

  private safeUntilOf(key: string): number {
    const marginMs = Math.max(this.promisedMs.get(key) ?? 0, Math.min(...this.storeMarginsMs))
    return (this.leases.get(key) ?? 0) + marginMs - TIMING.clockErrorMs
  }

  /** A process is told that it holds a lock: nobody hands one to a process whose lease is over. */
  granted({ session, epoch }: Granted, wallMs: number): void {
    const p = this.holders.get(`${lockKey(session)} ${epoch}`)
    const leaseUntil = p === undefined ? undefined : this.leases.get(processKey(p))
    // A process that retired may have been found alive just before.
    const marginMs = Math.max(this.promisedMs.get(processKey(p ?? '')) ?? 0, ...this.storeMarginsMs)
    if (leaseUntil === undefined || leaseUntil === 0 || leaseUntil + marginMs >= wallMs) return
    this.judge.violate('16', 'a lock was left with a process whose lease is over')
  }

  /** A process heard something and says nothing: a grant or a place that it has taken back must go back at once. */
  silent(p: string, message: StoreMessage): void {
    // Between two connections it cannot answer: the next ask is answered then.
    if (message.type !== 'granted' && message.type !== 'queued') return
    if (!this.hasCancelled(lockKey(message.session), { p, r: message.r })) return
    const isForgotten = message.type === 'granted' && this.mayBeForgotten(message.session, message.epoch)
    if (isForgotten || this.mayEvict()) return this.judge.leaveOut('answers')
    if (message.type === 'queued') this.judge.violate('15', 'a place in the queue that nobody waits for is kept')
    else if (this.isAt(message.session, message.epoch))
      this.judge.violate('15', 'a grant that nobody waits for is kept')
  }

  /** Checks the effect that a message must have had by the time it is answered. */
  answered({ p, message, answer, before, pushes, arrivedAtMs, gone }: Exchange): void {
    if (message.type === 'hello' && answer.type === 'refused' && answer.code === 'WRONG_SECRET')
      this.judge.violate('18', 'a process is refused under its own secret and role')
    if (!('session' in message)) return
    const { forgotten } = this.judge
    const isDamaged = forgotten.wasDamagedSince(lockKey(message.session), arrivedAtMs)
    if (isDamaged || forgotten.isStranger(p)) return this.judge.leaveOut('answers')
    const replaced = gone === undefined ? undefined : this.replaced.get(gone)
    if (replaced !== undefined && replaced.atMs < arrivedAtMs && answer.type !== 'refused') {
      // One whose lease is over need not be told.
      if (this.safeUntilOf(replaced.process) > this.judge.wallMs())
        this.judge.violate('16', 'a process is told over a connection that is gone, though it has another')
    }
    const was = readLock(before)
    const isUnchanged = was !== undefined && this.epochs.get(lockKey(message.session)) === was.epoch
    if (message.type === 'acquire' && answer.type === 'queued' && isUnchanged && pushes === 0) {
      this.judge.violate('16', 'one waits, and the holder is not asked')
    }
    if (answer.type === 'refused' && answer.code === 'BUSY_RECORD') {
      if (JSON.stringify(before) === JSON.stringify(this.locks.get(lockKey(message.session))))
        this.judge.violate('16', 'an acquire is refused as if others changed the record, and none has')
    }
    if (message.type === 'cancel' && answer.type === 'noted' && isUnchanged) {
      if (was.holder?.p === p && was.holder.r <= message.r)
        this.judge.violate('15', 'a request that was taken back holds its lock')
    }
    if (message.type === 'release' && answer.type === 'released' && isUnchanged && pushes === 0) {
      if (was.epoch === message.epoch + 1 && was.holder !== undefined && was.holder.p !== p)
        this.judge.violate('16', 'a release that is sent again tells nobody')
    }
  }

  /** The lock record moves only as a queue may. */
  private wroteLock(key: string, before: Item | undefined, after: Item | undefined): void {
    const was = readLock(before)
    const is = readLock(after)
    if (is === undefined) return
    this.epochs.set(key, is.epoch)
    this.locks.set(key, after as Item)
    this.judge.note(`lock ${key} ${is.epoch} ${is.holder?.p} ${is.waiters.length}`)
    if (is.holder === undefined && is.waiters.length > 0) this.judge.violate('5', 'a free lock has waiters')
    if (is.askedAt !== undefined && is.waiters.length === 0) this.judge.violate('18', 'an ask that nobody waits for')
    const seats = [...(is.holder === undefined ? [] : [is.holder]), ...is.waiters].map(({ p }) => p)
    if (new Set(seats).size !== seats.length) this.judge.violate('18', 'a process is queued twice, or behind itself')
    if (was === undefined) return this.checkHolder(key, is.epoch, is.holder?.p)
    if (is.epoch < was.epoch) this.judge.violate('3', `the epoch of a lock fell from ${was.epoch} to ${is.epoch}`)
    if (is.epoch === was.epoch && was.busyUntil !== undefined && is.busyUntil !== was.busyUntil) {
      this.judge.violate('18', 'a holder was given more time to be busy')
    }
    const isOlder = (now: Seat | undefined, { r }: Seat) => now !== undefined && now.r < r
    if (
      was.waiters.some((seat) =>
        isOlder(
          is.waiters.find(({ p }) => p === seat.p),
          seat,
        ),
      )
    ) {
      this.judge.violate('18', 'a newer request gave its place to an older one')
    }
    const stays = new Set(seats)
    const isLost = (seat: Seat) => !stays.has(seat.p) && !this.hasCancelled(key, seat)
    if (was.waiters.some((seat) => isLost(seat) && !this.turns.mayLose(seat, was, is))) {
      this.judge.violate('18', 'one lost its place in the queue')
    }
    const hasMoved = is.holder?.p !== was.holder?.p
    if (hasMoved && was.holder !== undefined) this.onTaken(key, was.epoch)
    if (hasMoved && is.epoch <= was.epoch) this.judge.violate('3', 'a lock changed hands within one epoch')
    this.turns.changed(key, is)
    const problem = hasMoved && was.holder !== undefined ? this.turns.handedOver(key, was, is) : undefined
    if (problem !== undefined) this.judge.violate('18', problem)
    if (!this.turns.isOrdered(was, is)) this.judge.violate('18', 'one was queued before others of its principal')
    if (hasMoved && was.holder === undefined && was.waiters.length > 0)
      this.judge.violate('18', 'a free lock had waiters')
    if (!hasMoved && is.holder !== undefined && is.epoch !== was.epoch && is.holder.r <= (was.holder?.r ?? 0)) {
      this.judge.violate('18', 'a holder was granted the lock again under an old request')
    }
    if (hasMoved && is.askedAt !== undefined) this.judge.violate('18', 'an ask outlived the hold that it was for')
    if (!hasMoved && is.askedAt === undefined && was.askedAt !== undefined && is.waiters.length > 0) {
      this.judge.violate('18', 'a holder was granted the lock again before those who had asked it')
    }
    this.checkHolder(key, is.epoch, is.holder?.p)
  }

  /** A lease that is over, by its time or by the process's own word, is over for good. */
  private wroteProcess(update: Update, before: Item | undefined, after: Item | undefined): void {
    const was = readProcess(before)
    const is = readProcess(after)
    // After the table was emptied, a late hello begins another life.
    if (was === undefined) this.retired.delete(update.key)
    if (is !== undefined) {
      this.leases.set(update.key, is.leaseUntil)
      this.promisedMs.set(update.key, is.terms.storeMarginMs ?? 0)
      this.turns.knows(update.key, is)
    }
    if (is !== undefined) {
      this.connections.set(update.key, is.connectionId)
      // As where a late hello begins another life.
      this.replaced.delete(is.connectionId)
    }
    if (was === undefined || is === undefined) return
    if (is.connectionId !== was.connectionId)
      this.replaced.set(was.connectionId, { process: update.key, atMs: this.judge.wallMs() })
    if (is.gen < was.gen) this.judge.violate('18', 'an older connection takes the place of a newer one')
    if (is.leaseUntil < was.leaseUntil) this.retired.add(update.key)
    // A function may run twice, and a process retires again: that evicts nobody.
    else if (is.evictedAt !== was.evictedAt && !this.retired.has(update.key)) this.checkEviction()
    if (is.leaseUntil <= was.leaseUntil) return
    // By the clock of the function that renews it: its write may land later than it was sent.
    const isOver = was.leaseUntil < Number((update.values[':now'] as { N?: string } | undefined)?.N)
    if (isOver || was.evictedAt !== undefined || this.retired.has(update.key))
      this.judge.violate('9', 'a lease that was over runs again')
  }

  private checkEviction(): void {
    if (this.mayEvict()) this.judge.leaveOut('evictions')
    else this.judge.violate('18', 'one that hears was evicted')
  }

  private checkHolder(key: string, epoch: number, p: string | undefined): void {
    this.lastEpochs.set(key, Math.max(epoch, this.lastEpochs.get(key) ?? 0))
    if (p === undefined) return
    const known = this.holders.get(`${key} ${epoch}`)
    if (known !== undefined && known !== p) {
      if (this.judge.forgotten.has(key, epoch)) this.judge.leaveOut('epochs')
      else this.judge.violate('1', `epoch ${epoch} was given to two processes`)
    }
    this.holders.set(`${key} ${epoch}`, p)
  }
}
