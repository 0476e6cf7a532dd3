import { invariant } from '../../protocol/assert.js'
import { DeadlockError, type DeadlockParty, InvalidArgumentError } from '../errors/index.js'
import { findCycle, isBlocking, type LockOwner, type LockParty, type LockScope, without } from './deadlocks.js'
import { Holders } from './holders.js'
import { Lanes } from './lanes.js'
import { type LockRequest, lacking, merge } from './lock-request.js'
import { type LockTicket, WaitingTicket } from './waiting-ticket.js'

/**
 * The locks of one session while more than one owner uses it. The contract of each method is in `AttributeLocks`.
 *
 * Ordinary tickets stand in lanes, so that a change finds the tickets that it lets pass. Extensions are few, as a rule
 * at most one for each running access: they stand in one list, and each watches one of its blockers.
 */
export class LockTable implements LockScope {
  private readonly holders = new Holders(this)
  private readonly queue = new Map<LockTicket, WaitingTicket>()
  private readonly extensions: WaitingTicket[] = []
  private lanes = new Lanes()
  private readonly ready: WaitingTicket[] = []
  private lastNumber = 0
  private isGranting = false

  get running(): number {
    return this.holders.count
  }

  get queued(): number {
    return this.queue.size + this.extensions.length
  }

  get isIdle(): boolean {
    return this.holders.count === 0 && this.queue.size === 0 && !this.isGranting
  }

  heldBy(owner: LockOwner): LockRequest | undefined {
    return this.holders.of(owner)?.request
  }

  tryLock(owner: LockOwner, request: LockRequest): boolean {
    this.refuseMember(owner)
    if (!this.lanes.admits(request)) return false
    this.adopt(owner, request)
    return true
  }

  enqueue(ticket: LockTicket): void {
    const { owner, request } = ticket
    this.refuseMember(owner)
    const wait = new WaitingTicket(this, ticket, request, 'ordinary', ++this.lastNumber, this.ready)
    // No other owner waits for an owner that neither holds nor waits, so its first wait closes no cycle.
    if ((owner.holds.length > 0 || owner.waits.length > 0) && !this.lanes.admits(request)) this.refuseCycle(wait)
    this.register(wait)
    this.lanes.join(wait, request)
    if (!wait.isBlocked) this.ready.push(wait)
    this.grantReady()
  }

  tryExtend(owner: LockOwner, request: LockRequest): boolean {
    const wait = this.makeExtension({ owner, request, granted: () => undefined })
    if (wait.isBlocked) return false
    // The tickets that it overtakes will wait for its owner, and that may be waiting in another session.
    if (owner.waits.length > 0 && this.findCycleThrough(wait) !== undefined) return false
    this.lanes.overtake(wait.request)
    this.widen(wait)
    return true
  }

  extend(ticket: LockTicket): void {
    if (this.extensions.some((extension) => extension.ticket === ticket)) {
      throw new InvalidArgumentError('a lock ticket must be new, received one that is in the queue')
    }
    const wait = this.makeExtension(ticket)
    if (wait.isBlocked || ticket.owner.waits.length > 0) this.refuseCycle(wait)
    this.register(wait)
    this.lanes.overtake(wait.request)
    if (!wait.isBlocked) this.ready.push(wait)
    this.grantReady()
  }

  cancel(ticket: LockTicket): boolean {
    const wait = this.queue.get(ticket) ?? this.extensions.find((extension) => extension.ticket === ticket)
    if (wait === undefined) return false
    this.withdraw(wait)
    this.grantReady()
    return true
  }

  unlock(owner: LockOwner): LockTicket[] {
    const holder = this.holders.of(owner)
    if (holder === undefined) return []
    const dropped = this.extensions.filter((extension) => extension.owner === owner)
    for (const wait of dropped) this.withdraw(wait)
    this.holders.remove(holder)
    this.lanes.remove(holder.request)
    this.recheckBehind(owner)
    this.grantReady()
    return dropped.map(({ ticket }) => ticket)
  }

  blockerOf(ticket: LockTicket): LockOwner | undefined {
    let wait: LockParty | undefined = this.queue.get(ticket) ?? this.extensions.find((one) => one.ticket === ticket)
    while (wait !== undefined) {
      const behind: LockParty = wait
      const isInTheWay = (party: LockParty) => isBlocking(party, behind)
      const holder = this.holders.all().find(isInTheWay)
      if (holder !== undefined) return holder.owner
      // It waits behind another ticket, which is closer to a holder.
      wait = this.waiting().find(isInTheWay)
    }
    return undefined
  }

  takeQueued(): LockTicket[] {
    const taken = [...this.queue.values()]
    for (const wait of taken) this.withdraw(wait)
    this.grantReady()
    return taken.map(({ ticket }) => ticket)
  }

  clear(): LockTicket[] {
    const taken = this.waiting()
    for (const wait of taken) this.unregister(wait)
    this.holders.clear()
    this.lanes = new Lanes()
    return taken.map(({ ticket }) => ticket)
  }

  /** Takes over an owner that holds its locks already. */
  adopt(owner: LockOwner, request: LockRequest): void {
    this.lanes.add(request)
    this.holders.add(owner, request)
  }

  /** All tickets that wait here, extensions first. */
  waiting(): WaitingTicket[] {
    return [...this.extensions, ...this.queue.values()]
  }

  private refuseMember(owner: LockOwner): void {
    const isHere = ({ scope }: LockParty) => scope === this
    const doing = owner.holds.some(isHere) ? 'holds' : owner.waits.some(isHere) ? 'waits for' : undefined
    if (doing === undefined) return
    throw new InvalidArgumentError(`expected an owner without locks in this session, received one that ${doing} some`)
  }

  private makeExtension(ticket: LockTicket): WaitingTicket {
    const holder = this.holders.of(ticket.owner)
    if (holder === undefined) {
      throw new InvalidArgumentError('only an owner of locks in this session can extend them, received one without')
    }
    const lacks = lacking(holder.request, ticket.request)
    const wait = new WaitingTicket(this, ticket, lacks, 'extension', ++this.lastNumber, this.ready)
    wait.blocker = this.findBlocker(wait)
    return wait
  }

  /** The last in line of its blockers: when that one leaves, the others have probably left before. */
  private findBlocker(wait: WaitingTicket): LockOwner | undefined {
    const isInTheWay = (party: LockParty) => isBlocking(party, wait)
    return (this.extensions.findLast(isInTheWay) ?? this.holders.all().find(isInTheWay))?.owner
  }

  /** `blocker` has freed locks or left the line: extensions that watched it may pass, or must watch another. */
  private recheckBehind(blocker: LockOwner): void {
    for (const extension of this.extensions) {
      if (extension.blocker !== blocker) continue
      extension.blocker = this.findBlocker(extension)
      if (!extension.isBlocked) this.ready.push(extension)
    }
  }

  private refuseCycle(wait: WaitingTicket): void {
    const cycle = this.findCycleThrough(wait)
    if (cycle !== undefined) throw new DeadlockError(cycle)
  }

  private findCycleThrough(wait: WaitingTicket): readonly DeadlockParty[] | undefined {
    this.register(wait)
    const cycle = findCycle(wait.owner)
    this.unregister(wait)
    return cycle
  }

  private register(wait: WaitingTicket): void {
    if (wait.kind === 'extension') this.extensions.push(wait)
    else this.queue.set(wait.ticket, wait)
    wait.owner.waits = [...wait.owner.waits, wait]
    wait.isQueued = true
  }

  private unregister(wait: WaitingTicket): void {
    if (wait.kind === 'extension') this.extensions.splice(this.extensions.indexOf(wait), 1)
    else this.queue.delete(wait.ticket)
    wait.owner.waits = without(wait.owner.waits, wait)
    wait.isQueued = false
  }

  private withdraw(wait: WaitingTicket): void {
    this.unregister(wait)
    if (wait.kind === 'ordinary') return this.lanes.leave(wait)
    this.lanes.remove(wait.request)
    this.recheckBehind(wait.owner)
  }

  /**
   * Grants the tickets that have become free, in line. A callback may call this again: the tickets that it frees are
   * granted after it has returned, by the outer loop, so that no chain of grants is too deep for the stack.
   */
  private grantReady(): void {
    if (this.isGranting) return
    this.isGranting = true
    const failures: unknown[] = []
    while (this.ready.length > 0) {
      for (const wait of this.ready.splice(0).sort((a, b) => a.order - b.order)) {
        // An earlier callback may have withdrawn this ticket, or extended its own locks ahead of it.
        if (!wait.isQueued || wait.isBlocked) continue
        try {
          this.grant(wait)
        } catch (error) {
          failures.push(error)
        }
      }
    }
    this.isGranting = false
    if (failures.length > 0) throw failures[0]
  }

  private grant(wait: WaitingTicket): void {
    const { owner, request } = wait
    this.unregister(wait)
    if (wait.kind === 'extension') this.widen(wait)
    else {
      this.lanes.pass(wait)
      this.holders.add(owner, request)
    }
    wait.ticket.granted()
  }

  /** Adds an extension's locks to those that its owner holds. The lanes count both already: they become one use. */
  private widen({ owner, request }: WaitingTicket): void {
    const holder = this.holders.of(owner)
    invariant(holder !== undefined, 'only an owner that holds locks in a session extends them')
    const before = holder.request
    holder.request = merge(before, request)
    this.lanes.add(holder.request)
    this.lanes.remove(before)
    this.lanes.remove(request)
  }
}
