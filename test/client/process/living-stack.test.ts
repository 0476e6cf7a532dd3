import type { LossReason } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { Membership } from '../../../client/process/membership.js'
import { Reach } from '../../../client/process/reach.js'
import { PROTOCOL_VERSION } from '../../../protocol/limits.js'
import type { StoreMessage } from '../../../protocol/messages.js'
import { compileTiming, DEFAULT_TIMING, type Timing } from '../../../protocol/timing.js'
import { settle, VirtualClock, World } from '../../support/world.js'
import { eventsWith } from './events.js'
import { type Line, linesTo } from './lines.js'

describe('a process, while the stack that it uses changes', () => {
  let clock: VirtualClock
  let lines: Line[]
  let died: LossReason[]
  let membership: Membership
  beforeEach(async () => {
    clock = new VirtualClock()
    lines = []
    died = []
    let tokens = 0
    const randomness = { token: (bytes: number) => String((tokens += 1)).padStart(bytes, 'x'), fraction: () => 0.5 }
    membership = new Membership(
      'test',
      linesTo(lines),
      clock,
      randomness,
      new Reach(clock),
      eventsWith({ died: ({ reason }) => died.push(reason) }),
    )
    await settle()
  })
  afterEach(() => membership.close())

  const line = (index: number): Line => lines[index] as Line
  const welcome = (incarnation: number, timing: Timing = DEFAULT_TIMING, leaseMs = timing.leaseMs): StoreMessage => ({
    type: 'welcome',
    v: PROTOCOL_VERSION,
    gen: 1,
    leaseMs,
    incarnation: String(incarnation),
    timing,
  })
  /** The answer to the last renewal. */
  const answerRenewal = (incarnation: number, timing?: Timing) => {
    const { n = 0 } = line(0).sent.at(-1) as { readonly n?: number }
    const { leaseMs } = timing ?? DEFAULT_TIMING
    line(0).say({
      type: 'renewed',
      n,
      leaseMs,
      incarnation: String(incarnation),
      asks: [],
      ...(timing === undefined ? {} : { timing }),
    })
  }
  const renewals = () => line(0).sent.filter(({ type }) => type === 'renew').length
  const toNextRenewal = async () => {
    const before = renewals()
    while (renewals() === before) await clock.advance(50)
  }

  it('ends when it hears of a newer incarnation, and can still tell the store so', async () => {
    line(0).say(welcome(3))
    await toNextRenewal()
    answerRenewal(4)
    expect(died).toEqual(['evicted'])
    expect(membership.loss.message).toContain('new incarnation')
    expect(membership.isToRetire).toBe(true)
    expect(line(0).isClosed).toBe(false)
  })

  it('goes on where a function names an older one, and never takes that for its own', async () => {
    line(0).say(welcome(3))
    for (const incarnation of [2, 3, 1, 3]) {
      await toNextRenewal()
      answerRenewal(incarnation)
    }
    expect(died).toEqual([])
    expect(membership.isReady).toBe(true)
  })

  it('takes over a timing that is told with a renewal, for its lease and for all that follows', async () => {
    line(0).say(welcome(1))
    await toNextRenewal()
    const longer = compileTiming({ leaseMs: 60_000, maxBusyMs: 60_000, clientMarginMs: 2_000 })
    answerRenewal(1, longer)
    expect(membership.timing).toEqual(longer)
    expect(membership.lease.remainingMs).toBe(58_000)
    // The next one was due already; from then on they are as far apart as the longer lease says.
    await toNextRenewal()
    answerRenewal(1, longer)
    const sentMs = clock.monotonicMs()
    await toNextRenewal()
    expect(clock.monotonicMs() - sentMs).toBe(15_000)
  })

  it('keeps its timing where a function does not tell one', async () => {
    const own = compileTiming({ leaseMs: 20_000 })
    line(0).say(welcome(1, own))
    await toNextRenewal()
    answerRenewal(1)
    expect(membership.timing).toEqual(own)
  })

  it('renews by the lease that it has, where the timing of the function that greets it has a longer one', async () => {
    const sinceMs = clock.monotonicMs()
    line(0).say(welcome(1, compileTiming({ leaseMs: 60_000 }), 15_000))
    expect(membership.lease.remainingMs).toBe(15_000 - DEFAULT_TIMING.clientMarginMs)
    await toNextRenewal()
    expect(clock.monotonicMs() - sinceMs).toBe(3_750)
    expect(died).toEqual([])
  })
})

describe('a new incarnation', () => {
  it('makes each client drop what it holds once, and lets others have it without waiting for a lease', async () => {
    const world = new World({ leaseMs: 60_000 })
    const add = (client: Holdfast<{ count: number }>) =>
      world.finish(
        client.access('an id', { write: ['count'] }, ({ state }) => {
          state.count = (state.count ?? 0) + 1
          return state.count
        }),
        5_000,
      )
    const [holder, other] = [world.client<{ count: number }>(), world.client<{ count: number }>()]
    const losses: string[] = []
    for (const client of [holder, other]) client.on('lost', ({ error }) => losses.push(error.message))
    await add(other)
    await add(holder)
    await world.raiseIncarnation()
    await world.clock.advance(30_000)
    expect(losses).toHaveLength(1)
    expect(await add(other)).toBe(3)
    expect(await add(holder)).toBe(4)
    await world.clock.advance(300_000)
    expect(losses).toHaveLength(1)
    await world.close()
  })
})
