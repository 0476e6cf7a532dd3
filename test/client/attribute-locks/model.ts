import * as fc from 'fast-check'
import type { LockSpec } from '../../../client/attribute-locks/lock-request.js'

/**
 * What the attribute locks of a few sessions must do, said as plainly as possible: every request is written out
 * attribute by attribute, everybody is compared with everybody, and each step starts from the beginning.
 */

const NAMES = ['a', 'b', 'c', 'd']
/** One attribute stands for all those that nobody names. */
export const EVERY_NAME: readonly string[] = [...NAMES, 'another']
export const OWNERS = 8
export const SESSIONS = 2

interface Where {
  readonly session: number
}
interface Whose extends Where {
  readonly owner: number
}
interface What extends Whose {
  readonly spec: LockSpec
}
export type Step =
  | ({ readonly kind: 'tryLock' } & What)
  | ({ readonly kind: 'enqueue' } & What)
  | ({ readonly kind: 'tryExtend' } & What)
  | ({ readonly kind: 'extend' } & What)
  | ({ readonly kind: 'unlock' } & Whose)
  | ({ readonly kind: 'takeQueued' } & Where)
  | ({ readonly kind: 'clear' } & Where)
  /** Of the ticket that came so many steps before. */
  | { readonly kind: 'cancel'; readonly stepsBefore: number }

const someNames = fc.oneof(
  { weight: 4, arbitrary: fc.subarray(NAMES, { maxLength: 1 }) },
  { weight: 1, arbitrary: fc.subarray(NAMES) },
)
const specs: fc.Arbitrary<LockSpec> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<LockSpec>('all', { all: 'read' }) },
  { weight: 1, arbitrary: fc.record({ all: fc.constant('read' as const), write: someNames }) },
  {
    weight: 12,
    arbitrary: fc.record({ write: someNames, read: someNames }).filter((s) => s.write.length + s.read.length > 0),
  },
)
const where = { session: fc.constantFrom(0, 0, 0, 1) }
const whose = { ...where, owner: fc.nat(OWNERS - 1) }
const what = { ...whose, spec: specs }
const a = <K extends Step['kind']>(kind: K) => ({ kind: fc.constant(kind) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ ...a('tryLock'), ...what }) },
  { weight: 40, arbitrary: fc.record({ ...a('enqueue'), ...what }) },
  { weight: 5, arbitrary: fc.record({ ...a('tryExtend'), ...what }) },
  { weight: 20, arbitrary: fc.record({ ...a('extend'), ...what }) },
  { weight: 30, arbitrary: fc.record({ ...a('unlock'), ...whose }) },
  { weight: 10, arbitrary: fc.record({ ...a('cancel'), stepsBefore: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ ...a('takeQueued'), ...where }) },
  { weight: 1, arbitrary: fc.record({ ...a('clear'), ...where }) },
)
export const steps = fc.array(step, { maxLength: 60, size: 'max' })

/** What is locked of each attribute: 0 nothing, 1 shared, 2 exclusive. */
export type Levels = readonly number[]
export const NOTHING: Levels = EVERY_NAME.map(() => 0)

export const levelsOf = (spec: LockSpec): Levels =>
  EVERY_NAME.map((name) => {
    if (spec === 'all' || ('all' in spec && spec.all === 'write')) return 2
    if ('write' in spec && spec.write?.includes(name)) return 2
    return 'all' in spec || spec.read?.includes(name) ? 1 : 0
  })

export const clash = (one: Levels, other: Levels): boolean => one.some((level, i) => level + (other[i] ?? 0) > 2)

/** What an extension asks for: what is not held, or all of the whole session where that is not held. */
export const missing = (held: Levels, wanted: Levels): Levels => {
  const whole = wanted.at(-1) ?? 0
  const least = whole > (held.at(-1) ?? 0) ? whole : 0
  return wanted.map((level, i) => Math.max(least, level > (held[i] ?? 0) ? level : 0))
}

export interface ModelTicket extends Whose {
  readonly id: number
  readonly levels: Levels
  readonly isExtension: boolean
}

export class Model {
  readonly held = Array.from({ length: SESSIONS }, () => new Map<number, Levels>())
  queue: ModelTicket[] = []
  readonly granted: number[] = []
  /** Who would have waited for whom when the last deadlock was refused. */
  deadlock: Set<number>[] = []

  /** What the step of that number comes to: what the call returns, the tickets it returns, or its error's code. */
  take(next: Step, id: number): unknown {
    if (next.kind === 'cancel') return this.withdraw((ticket) => ticket.id === id - next.stepsBefore).length > 0
    const held = this.held[next.session] as Map<number, Levels>
    const isHere = ({ session }: ModelTicket) => session === next.session
    if (next.kind === 'takeQueued') return this.withdraw((ticket) => isHere(ticket) && !ticket.isExtension)
    if (next.kind === 'clear') {
      held.clear()
      return this.withdraw(isHere)
    }
    const { owner, session } = next
    if (next.kind === 'unlock') {
      return held.delete(owner) ? this.withdraw((ticket) => isHere(ticket) && ticket.owner === owner) : []
    }
    const isExtension = next.kind === 'extend' || next.kind === 'tryExtend'
    const isKnown = held.has(owner) || this.queue.some((ticket) => isHere(ticket) && ticket.owner === owner)
    if (isExtension ? !held.has(owner) : isKnown) return 'INVALID_ARGUMENT'
    const wanted = levelsOf(next.spec)
    const levels = isExtension ? missing(held.get(owner) ?? NOTHING, wanted) : wanted
    return this.queueUp({ id, owner, session, levels, isExtension }, next.kind === 'enqueue' || next.kind === 'extend')
  }

  private queueUp(ticket: ModelTicket, mayWait: boolean): unknown {
    this.queue.push(ticket)
    const isDeadlock = this.hasCycle()
    if (isDeadlock) this.deadlock = this.waits()
    if (isDeadlock || (!mayWait && this.blockersOf(ticket).length > 0)) {
      this.queue.pop()
      return mayWait ? 'DEADLOCK' : false
    }
    if (mayWait) {
      this.promote()
      return undefined
    }
    this.queue.pop()
    this.hold(ticket)
    return true
  }

  private withdraw(isGiven: (ticket: ModelTicket) => boolean): number[] {
    const given = this.line().filter(isGiven)
    this.queue = this.queue.filter((ticket) => !given.includes(ticket))
    this.promote()
    return given.map(({ id }) => id)
  }

  private promote(): void {
    for (const ticket of this.line()) {
      if (this.blockersOf(ticket).length > 0) continue
      this.queue = this.queue.filter((other) => other !== ticket)
      this.hold(ticket)
      this.granted.push(ticket.id)
    }
  }

  private hold({ session, owner, levels }: ModelTicket): void {
    const before = this.held[session]?.get(owner) ?? NOTHING
    const after = levels.map((level, i) => Math.max(level, before[i] ?? 0))
    this.held[session]?.set(owner, after)
  }

  /** All tickets, those of each session in line. */
  private line(): ModelTicket[] {
    return [...this.queue.filter((ticket) => ticket.isExtension), ...this.queue.filter((ticket) => !ticket.isExtension)]
  }

  blockersOf(ticket: ModelTicket): number[] {
    const line = this.line()
    const ahead = line.slice(0, line.indexOf(ticket)).filter(({ session }) => session === ticket.session)
    const holders = [...(this.held[ticket.session] ?? [])].map(([owner, levels]) => ({ owner, levels }))
    return [...holders, ...ahead]
      .filter(({ owner, levels }) => owner !== ticket.owner && clash(levels, ticket.levels))
      .map(({ owner }) => owner)
  }

  /** For each owner, those that it waits for. */
  waits(): Set<number>[] {
    const waits = Array.from({ length: OWNERS }, () => new Set<number>())
    for (const ticket of this.queue) for (const blocker of this.blockersOf(ticket)) waits[ticket.owner]?.add(blocker)
    return waits
  }

  /** Whether some owner waits for itself. */
  hasCycle(): boolean {
    return this.waits().some((_, start, waits) => {
      const reached = new Set(waits[start])
      for (const owner of reached) for (const next of waits[owner] ?? []) reached.add(next)
      return reached.has(start)
    })
  }
}
