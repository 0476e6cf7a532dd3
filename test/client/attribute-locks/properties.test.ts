import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { AttributeLocks, LockOwner, type LockTicket } from '../../../client/attribute-locks/attribute-locks.js'
import { compileLockRequest, permits } from '../../../client/attribute-locks/lock-request.js'
import { DeadlockError, HoldfastError } from '../../../client/errors/index.js'
import {
  clash,
  EVERY_NAME,
  type Levels,
  levelsOf,
  Model,
  type ModelTicket,
  missing,
  NOTHING,
  OWNERS,
  SESSIONS,
  type Step,
  steps,
} from './model.js'

/** The locks of some sessions, driven by steps. */
class Locks {
  readonly sessions = Array.from({ length: SESSIONS }, () => new AttributeLocks())
  readonly owners = Array.from({ length: OWNERS }, (_, i) => new LockOwner(`${i}`))
  readonly tickets = new Map<number, LockTicket>()
  deadlock: DeadlockError | undefined

  constructor(private readonly granted: (id: number) => void) {}

  take(step: Step, id: number): unknown {
    try {
      return this.act(step, id)
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      this.deadlock = error instanceof DeadlockError ? error : undefined
      return error.code
    }
  }

  private act(step: Step, id: number): unknown {
    if (step.kind === 'cancel') {
      const known = this.tickets.get(id - step.stepsBefore)
      return known !== undefined && this.sessions.map((locks) => locks.cancel(known)).includes(true)
    }
    const locks = this.sessions[step.session] as AttributeLocks
    if (step.kind === 'takeQueued' || step.kind === 'clear') return this.idsOf(locks[step.kind]())
    const owner = this.owners[step.owner] as LockOwner
    if (step.kind === 'unlock') return this.idsOf(locks.unlock(owner))
    const request = compileLockRequest(step.spec)
    if (step.kind === 'tryLock' || step.kind === 'tryExtend') return locks[step.kind](owner, request)
    const ticket = { owner, request, granted: () => this.granted(id) }
    this.tickets.set(id, ticket)
    return locks[step.kind](ticket)
  }

  private idsOf(tickets: readonly LockTicket[]): unknown[] {
    const ids = new Map([...this.tickets].map(([id, ticket]) => [ticket, id]))
    return tickets.map((ticket) => ids.get(ticket))
  }

  held(session: number, owner: number): Levels | undefined {
    const request = this.sessions[session]?.heldBy(this.owners[owner] as LockOwner)
    if (request === undefined) return undefined
    return EVERY_NAME.map((name) =>
      permits(request, name, 'exclusive') ? 2 : permits(request, name, 'shared') ? 1 : 0,
    )
  }

  /** Everything that the locks say of themselves. */
  state(): unknown {
    return {
      sessions: this.sessions.map(({ running, queued }, session) => ({
        running,
        queued,
        held: this.owners.map((_, owner) => this.held(session, owner) ?? NOTHING),
      })),
      waits: this.owners.map(({ waits }) => waits.length),
    }
  }

  assertExclusion(): void {
    for (const session of this.sessions.keys()) {
      const held = this.owners.map((_, owner) => this.held(session, owner) ?? NOTHING)
      for (const [i, one] of held.entries()) {
        for (const other of held.slice(i + 1))
          assert(!clash(one, other), 'locks that conflict are held at the same time')
      }
    }
  }

  assertEmpty(): void {
    assert.deepEqual(
      this.sessions.flatMap(({ running, queued }) => [running, queued]),
      [0, 0, 0, 0],
    )
    assert.deepEqual(
      this.owners.flatMap(({ holds, waits }) => [...holds, ...waits]),
      [],
    )
  }
}

const stateOf = (model: Model): unknown => ({
  sessions: model.held.map((held, session) => ({
    running: held.size,
    queued: model.queue.filter((ticket) => ticket.session === session).length,
    held: Array.from({ length: OWNERS }, (_, owner) => held.get(owner) ?? NOTHING),
  })),
  waits: Array.from({ length: OWNERS }, (_, owner) => model.queue.filter((ticket) => ticket.owner === owner).length),
})

/** Asserts that the parties of the deadlock, all different, would have waited for one another. */
function assertCycle(error: DeadlockError | undefined, model: Model): void {
  const parties = (error?.cycle ?? []).map(({ access }) => Number(access))
  assert(parties.length > 1)
  assert.equal(new Set(parties).size, parties.length)
  for (const [i, party] of parties.entries()) {
    assert(
      model.deadlock[party]?.has(parties[(i + 1) % parties.length] as number),
      'a party to the deadlock waits for another one',
    )
  }
}

/** Takes a step in both, and asserts that they do not differ. */
function takeBoth(locks: Locks, model: Model, granted: readonly number[], step: Step, id: number): unknown {
  const outcome = locks.take(step, id)
  assert.deepEqual(outcome, model.take(step, id))
  if (outcome === 'DEADLOCK') assertCycle(locks.deadlock, model)
  assert.deepEqual(granted, model.granted)
  assert.deepEqual(locks.state(), stateOf(model))
  assert(!model.hasCycle(), 'a cycle of waits was not refused')
  return outcome
}

/** What the scripts have come upon. Where it is little, they have shown nothing. */
interface Tally {
  grants: number
  deadlocks: number
}

/** Takes the steps of a script in both, and asserts after each that they do not differ. */
function follow(script: readonly Step[], tally: Tally) {
  const granted: number[] = []
  const locks = new Locks((id) => granted.push(id))
  const model = new Model()
  for (const [id, step] of script.entries()) {
    const outcome = takeBoth(locks, model, granted, step, id)
    if (outcome === 'DEADLOCK') tally.deadlocks += 1
  }
  tally.grants += granted.length
  return { granted, locks, model }
}

/** Locks whose callbacks call them again, with what an observer of the calls knows of the queue. */
class Reentrant {
  readonly locks = new Locks((id) => this.granted(id))
  private readonly queue = new Map<number, ModelTicket>()
  private steps = 0
  callbacks = 0

  /** @param inner steps for the callbacks, two for each. */
  constructor(private readonly inner: Step[]) {}

  take(step: Step): void {
    this.steps += 1
    const id = this.steps
    if (step.kind === 'enqueue' || step.kind === 'extend') {
      const { session, owner, spec } = step
      const isExtension = step.kind === 'extend'
      const levels = isExtension ? missing(this.locks.held(session, owner) ?? NOTHING, levelsOf(spec)) : levelsOf(spec)
      this.queue.set(id, { id, session, owner, levels, isExtension })
    }
    // They have left by the time that their leaving grants others, whose callbacks may try to cancel them.
    const leaving = [...this.queue.values()]
      .filter((ticket) => this.leavesBy(step, id, ticket))
      .map((ticket) => ticket.id)
    for (const left of leaving) this.queue.delete(left)
    const outcome = this.locks.take(step, id)
    if (typeof outcome === 'string') this.queue.delete(id)
    else if (Array.isArray(outcome)) assert.deepEqual(new Set(outcome), new Set(leaving))
    else if (step.kind === 'cancel') assert.equal(outcome, leaving.length === 1)
  }

  private leavesBy(step: Step, id: number, ticket: ModelTicket): boolean {
    if (step.kind === 'cancel') return ticket.id === id - step.stepsBefore
    if (ticket.session !== step.session) return false
    if (step.kind === 'unlock') return ticket.isExtension && ticket.owner === step.owner
    return step.kind === 'clear' || (step.kind === 'takeQueued' && !ticket.isExtension)
  }

  private granted(id: number): void {
    this.callbacks += 1
    const ticket = this.queue.get(id)
    assert(ticket !== undefined, 'granted what is not queued')
    this.queue.delete(id)
    const held = this.locks.held(ticket.session, ticket.owner) ?? NOTHING
    assert(
      held.every((level, i) => level >= (ticket.levels[i] ?? 0)),
      'granted and not held',
    )
    this.locks.assertExclusion()
    for (const step of this.inner.splice(0, 2)) this.take(step)
  }

  /** Between two calls from outside, whoever waits has a reason to, and nobody waits for ever. */
  assertSettled(): void {
    this.locks.assertExclusion()
    const model = new Model()
    model.queue = [...this.queue.values()]
    for (const [session, holders] of model.held.entries()) {
      for (let owner = 0; owner < OWNERS; owner += 1) {
        const held = this.locks.held(session, owner)
        if (held !== undefined) holders.set(owner, held)
      }
    }
    assert.deepEqual(this.locks.state(), stateOf(model))
    assert.deepEqual(
      model.queue.filter((ticket) => model.blockersOf(ticket).length === 0),
      [],
    )
    assert(!model.hasCycle(), 'a cycle of waits was not refused')
  }
}

test('the locks do what the model does, step by step', () => {
  const tally = { grants: 0, deadlocks: 0 }
  fc.assert(
    fc.property(steps, (script) => void follow(script, tally)),
    { numRuns: 1_000 },
  )
  expect(tally.grants).toBeGreaterThan(500)
  expect(tally.deadlocks).toBeGreaterThan(20)
})

test('when accesses end one after the other, everybody is granted and nothing is left', () => {
  const tally = { grants: 0, deadlocks: 0 }
  let lastGrants = 0
  fc.assert(
    fc.property(steps, (script) => {
      const { granted, locks, model } = follow(script, tally)
      const before = granted.length
      // Only one who waits nowhere can end. As long as anybody waits there must be such a one among the holders.
      for (let id = script.length; model.held.some((held) => held.size > 0); id += 1) {
        const waits = new Set(model.queue.map(({ owner }) => owner))
        const holders = model.held.flatMap((held, session) => [...held.keys()].map((owner) => ({ session, owner })))
        const next = holders.find(({ owner }) => !waits.has(owner))
        assert(next !== undefined, 'everybody waits')
        takeBoth(locks, model, granted, { kind: 'unlock', ...next }, id)
      }
      locks.assertEmpty()
      lastGrants += granted.length - before
    }),
    { numRuns: 500 },
  )
  expect(lastGrants).toBeGreaterThan(50)
})

test('callbacks may call the locks again in any way', () => {
  let callbacks = 0
  fc.assert(
    fc.property(steps, steps, (outer, inner) => {
      const reentrant = new Reentrant([...inner])
      for (const step of outer) {
        reentrant.take(step)
        reentrant.assertSettled()
      }
      for (let session = 0; session < SESSIONS; session += 1) reentrant.take({ kind: 'clear', session })
      reentrant.assertSettled()
      reentrant.locks.assertEmpty()
      callbacks += reentrant.callbacks
    }),
    { numRuns: 1_000 },
  )
  expect(callbacks).toBeGreaterThan(500)
})
