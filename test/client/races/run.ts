import { createHash } from 'node:crypto'
import { getEventListeners } from 'node:events'
import type * as fc from 'fast-check'
import type { OpenSession } from '../../../client/api.js'
import type { LockSpec } from '../../../client/attribute-locks/lock-request.js'
import { HoldfastError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast-api.js'
import { holdCostMaxMs, type Timing } from '../../../protocol/timing.js'
import { settle, World } from '../../support/world.js'
import { isAllowed } from './errors.js'
import { Faults } from './faults.js'
import { checkLeftovers, checkMoment, checkNothingIsLeft } from './leftovers.js'
import { Order } from './order.js'
import { type Act, type Deed, NAMES, type Plan, type Visiting } from './plan.js'
import type { RacedState, RaceState } from './race-state.js'
import { PlannedFailure, type RaceSession, Visit } from './visit.js'
import { isSame, shown, Watch } from './watch.js'

/** Short, so that leases end, holders say busy and nudges go out within a race. */
const TIMING: Partial<Timing> = {
  leaseMs: 6_000,
  maxBusyMs: 3_000,
  busyAfterMs: 300,
  nudgeAfterMs: 500,
  roundTripMs: 700,
}
/** Nobody waits so long: whoever was given no time of its own must be let in, however long that takes. */
const NEVER_MS = 3_600_000
/** A connection that was opened while nothing passed is given up after 10 s, and the next is tried within 5 s. */
const RECONNECT_MS = 16_000

/** One race: the real clients, handlers and protocol, in the order that the scheduler decides. */
export class Race implements RaceState {
  readonly world = new World(TIMING)
  readonly watch = new Watch()
  readonly clients: readonly Holdfast<RacedState>[]
  readonly ids: readonly string[]
  readonly keys: readonly string[]
  readonly closed = new Set<number>()
  private readonly order: Order
  private readonly faults: Faults
  private readonly pending = new Set<string>()
  private marks = 0
  private calls = 0

  constructor(
    readonly plan: Plan,
    scheduler: fc.Scheduler,
  ) {
    const { world, watch } = this
    this.order = new Order(scheduler, plan.pace, () => checkMoment(this))
    const { holdPolicy, heldSessionsMax } = plan
    this.clients = Array.from({ length: plan.clients }, (_, i) =>
      world.client<RacedState>({ holdPolicy, heldSessionsMax, label: `${i}`, timeoutMs: NEVER_MS }),
    )
    this.ids = Array.from({ length: plan.sessions }, (_, i) => `session ${i}`)
    this.keys = this.ids.map((id) => `test#${createHash('sha256').update(id).digest('base64url')}`)
    this.faults = new Faults(plan, world, this.order, watch)
  }

  async run(): Promise<void> {
    const { plan, order, world } = this
    for (const { client, acts } of plan.actors) {
      void this.inTurn(acts, (act) => this.perform(client % plan.clients, act))
    }
    void this.inTurn(plan.stepsMs, async (ms) => {
      if (!order.isCalm) world.clock.step(ms)
    })
    void this.inTurn(plan.troubles, (trouble) => this.faults.strike(trouble, this.clients))
    await order.run(() => this.watch.problems.length > 0)
    await this.comeToRest()
    this.report()
    await checkLeftovers(this)
    await this.useAgain()
    this.report()
    await world.close()
    await settle()
    checkNothingIsLeft(this)
    this.report()
  }

  /** Faults end, everything under way arrives, and all that was begun must end within the stated bound. */
  private async comeToRest(): Promise<void> {
    const { world, clients, order } = this
    for (const client of clients) world.partition(client, false)
    await order.calm()
    const boundMs = (clients.length + 1) * holdCostMaxMs(world.timing) + RECONNECT_MS
    for (let passedMs = 0; passedMs < boundMs && this.pending.size > 0; passedMs += 500) await world.clock.advance(500)
    this.watch.expect(this.pending.size === 0, `still unsettled after ${boundMs} ms: ${[...this.pending].join(', ')}`)
    this.watch.expect(this.watch.isEmpty, 'somebody is still inside')
    // Cancels, and releases whose answers were lost, are through by then.
    await world.clock.advance(6 * world.timing.roundTripMs)
  }

  /** Every session can be used by every client, and holds what it should. */
  private async useAgain(): Promise<void> {
    for (const [index, client] of this.clients.entries()) {
      if (this.closed.has(index)) continue
      for (const [which, id] of this.ids.entries()) {
        const access = client.access(id, 'all', ({ state }) => ({ ...state }), { timeoutMs: 60_000 })
        const stored = this.watch.now(this.keys[which] as string)
        try {
          const read = await this.world.finish(access, 61_000)
          for (const name of NAMES) {
            const [seen, expected] = [read[name] ?? [], stored[name] ?? []]
            const problem = `client ${index} reads ${shown(seen)} in ${name} of ${which}, stored is ${shown(expected)}`
            this.watch.expect(isSame(seen, expected), problem)
          }
        } catch (error) {
          this.watch.expect(false, `client ${index} cannot use ${which} any more: ${describe(error)}`)
        }
      }
    }
  }

  private report(): void {
    expectNone(this.watch.problems)
  }

  private async inTurn<T>(items: readonly T[], perform: (item: T) => Promise<void>): Promise<void> {
    for (const item of items) {
      await this.order.turn(`next ${JSON.stringify(item)}`)
      await perform(item)
    }
  }

  private begun(who: string, call: Promise<unknown>): void {
    this.pending.add(who)
    void call
      .finally(() => this.pending.delete(who))
      .catch((error) => this.watch.expect(false, `${who}: ${error?.stack}`))
  }

  private perform(client: number, act: Act): Promise<void> {
    this.calls += 1
    const who = `call ${this.calls} (${act.kind}) of ${client}`
    const done = this.call(client, act, who)
    this.begun(who, done)
    return done
  }

  private async call(index: number, act: Act, who: string): Promise<void> {
    const client = this.clients[index] as Holdfast<RacedState>
    if (act.kind === 'close') {
      this.closed.add(index)
      return client.close({ drainMs: act.drainMs })
    }
    if (act.kind === 'release') return client.release(this.ids[act.session % this.ids.length] as string)
    const abort = new AbortController()
    if (act.isAborted) this.order.happen(`abort ${who}`, () => abort.abort(new Error('as planned')))
    const options = { signal: abort.signal, ...(act.timeoutMs === undefined ? {} : { timeoutMs: act.timeoutMs }) }
    const which = [...new Set(act.sessions.map((session) => session % this.ids.length))]
    const ids = which.map((session) => this.ids[session] as string)
    try {
      if (act.kind === 'destroy') await client.destroy(ids[0] as string, options)
      else await this.visit(client, index, act, who, ids, options)
    } catch (error) {
      this.watch.expect(isAllowed(error, act, this, index), `${who} may not fail with ${describe(error)}`)
    }
    const left = getEventListeners(abort.signal, 'abort').length
    this.watch.expect(left === 0, `${who} has left ${left} listeners on its signal`)
  }

  private async visit(
    client: Holdfast<RacedState>,
    index: number,
    act: Visiting,
    who: string,
    ids: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<void> {
    const keys = ids.map((id) => this.keys[this.ids.indexOf(id)] as string)
    const { watch, order } = this
    const visit = new Visit(
      who,
      index,
      act,
      keys,
      keys.map((key) => watch.version(key)),
      {
        order,
        watch,
        mark: () => `${++this.marks}`,
        nest: (spec) => this.nest(client, act, ids[0] as string, spec, index),
        mayFail: (error, deed) => this.mayFail(error, act, deed, index, who),
        begun: (what, call) => this.begun(what, call),
      },
    )
    const all = { ...options, ifMissing: act.ifMissing }
    const work = async (sessions: readonly RaceSession[]) => {
      await visit.work(sessions)
      visit.end()
    }
    const locks = act.spec as { readonly write: readonly string[] }
    try {
      if (act.kind === 'open') {
        await using session = (await client.open(ids[0] as string, locks, all)) as OpenSession<RacedState, RacedState>
        await visit.work([session as unknown as RaceSession])
        visit.rest()
        await session.commit()
        visit.end()
      } else if (ids.length === 1)
        await client.access(ids[0] as string, locks, (session) => work([session as never]), all)
      else await client.accessMany(ids, locks, (sessions) => work(sessions as never), all)
    } catch (error) {
      visit.end()
      const isKnown = !(error instanceof HoldfastError) || error.effect === 'none'
      if (isKnown) watch.refused(who, visit.marks)
      throw error
    }
    visit.succeeded()
  }

  private async nest(
    client: Holdfast<RacedState>,
    act: Visiting,
    id: string,
    spec: LockSpec,
    index: number,
  ): Promise<void> {
    // An access inside what open() gave is an access like any other: it would wait for its own locks.
    if (act.kind === 'open') return
    try {
      await client.access(id, spec as { readonly write: readonly string[] }, () => this.order.turn('nested'))
    } catch (error) {
      if ((error as HoldfastError).code !== 'NESTED_ACCESS')
        this.mayFail(error, act, undefined, index, 'a nested access')
    }
  }

  private mayFail(error: unknown, act: Act, deed: Deed | undefined, index: number, who: string): void {
    this.watch.expect(
      isAllowed(error, act, this, index, deed),
      `${who}: a call inside may not fail with ${describe(error)}`,
    )
  }
}

const describe = (error: unknown): string =>
  error instanceof PlannedFailure ? 'what was planned' : String((error as Error).stack)

const expectNone = (problems: readonly string[]): void => expect([...new Set(problems)].slice(0, 5)).toEqual([])
