import {
  HELLO_AGAIN_MS,
  RECONNECT_BASE_MS,
  THROTTLED_MS,
  THROTTLED_RETRY_MIN_MS,
  THROTTLED_RETRY_SHARE,
  THROTTLED_STRETCH,
  WELCOME_TIMEOUT_MS,
} from '../../../client/limits.js'
import type { Transport } from '../../../client/ports.js'
import { Membership } from '../../../client/process/membership.js'
import { Reach } from '../../../client/process/reach.js'
import { PROTOCOL_VERSION, RENEWALS_PER_LEASE } from '../../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { settle, VirtualClock } from '../../support/world.js'
import { eventsWith } from './events.js'
import { type Line, linesTo } from './lines.js'

const TOO_MANY = 'Too Many Requests'
const { leaseMs, clientMarginMs } = DEFAULT_TIMING
const PERIOD_MS = leaseMs / RENEWALS_PER_LEASE
/** With the fraction that these processes draw. */
const HELLO_PAUSE_MS = HELLO_AGAIN_MS / 2
const STRETCHED_MS = PERIOD_MS * THROTTLED_STRETCH * (1 - 0.5 / 4)

describe('a process that the gateway throttles', () => {
  let clock: VirtualClock
  let lines: Line[]
  let died: string[]
  let membership: Membership
  beforeEach(async () => {
    clock = new VirtualClock()
    lines = []
    died = []
    membership = join(0.5)
    await settle()
  })
  afterEach(() => membership.close())

  const join = (fraction: number, transport = linesTo(lines)): Membership => {
    const randomness = { token: (bytes: number) => 'x'.repeat(bytes), fraction: () => fraction }
    return new Membership(
      'test',
      transport,
      clock,
      randomness,
      new Reach(clock),
      eventsWith({ died: ({ reason }) => died.push(reason) }),
    )
  }
  const line = (index: number): Line => lines[index] as Line
  const sentBy = (index: number, type: string): number => line(index).sent.filter((one) => one.type === type).length
  const terms = { leaseMs, incarnation: '1' }
  const welcome = (index: number): void =>
    line(index).say({ type: 'welcome', v: PROTOCOL_VERSION, gen: index + 1, ...terms, timing: DEFAULT_TIMING })
  const renewed = (n: number): void => line(0).say({ type: 'renewed', n, ...terms, asks: [] })
  const lastRenewal = (): number =>
    Number(
      line(0)
        .sent.filter(({ type }) => type === 'renew')
        .at(-1)?.n,
    )

  it('says a hello again within a second after it was turned away', async () => {
    line(0).gatewaySays(TOO_MANY)
    await clock.advance(HELLO_PAUSE_MS - 1)
    expect(sentBy(0, 'hello')).toBe(1)
    await clock.advance(1)
    expect(sentBy(0, 'hello')).toBe(2)
    welcome(0)
    await clock.advance(2 * WELCOME_TIMEOUT_MS)
    expect(sentBy(0, 'hello')).toBe(2)
  })

  it('says a hello again that is not answered, later each time, until it gives the connection up', async () => {
    await clock.advance(HELLO_AGAIN_MS)
    expect(sentBy(0, 'hello')).toBe(2)
    await clock.advance(2 * HELLO_AGAIN_MS)
    expect(sentBy(0, 'hello')).toBe(3)
    await clock.advance(WELCOME_TIMEOUT_MS - 3 * HELLO_AGAIN_MS)
    expect(line(0).isClosed).toBe(true)
    const { length } = line(0).sent
    await clock.advance(2 * WELCOME_TIMEOUT_MS)
    expect(line(0).sent).toHaveLength(length)
  })

  it('does not give a connection up over which it is turned away, however long', async () => {
    for (let passedMs = 0; passedMs < 4 * WELCOME_TIMEOUT_MS; passedMs += HELLO_PAUSE_MS) {
      line(0).gatewaySays(TOO_MANY)
      await clock.advance(HELLO_PAUSE_MS)
    }
    expect(membership.lastFailure?.message).toContain('too many messages')
    welcome(0)
    expect(lines).toHaveLength(1)
    // None of those copies has started the lease.
    expect(membership.lease.remainingMs).toBe(leaseMs - clientMarginMs)
  })

  it('gives a connection up over which a hello fails again and again', async () => {
    for (let passedMs = 0; passedMs < WELCOME_TIMEOUT_MS; passedMs += HELLO_PAUSE_MS) {
      line(0).gatewaySays('Internal server error')
      await clock.advance(HELLO_PAUSE_MS)
    }
    expect(line(0).isClosed).toBe(true)
  })

  it('counts its lease from the first copy that may have been carried out', async () => {
    line(0).gatewaySays('Internal server error')
    await clock.advance(HELLO_PAUSE_MS)
    expect(sentBy(0, 'hello')).toBe(2)
    line(0).gatewaySays(TOO_MANY)
    await clock.advance(HELLO_PAUSE_MS)
    welcome(0)
    expect(membership.lease.remainingMs).toBe(leaseMs - clientMarginMs - 2 * HELLO_PAUSE_MS)
  })

  it('goes on where one copy of a hello is welcomed and the next refused', async () => {
    welcome(0)
    line(0).say({ type: 'refused', code: 'INTERNAL', message: 'it failed', of: 'hello', gen: 1 })
    expect(line(0).isClosed).toBe(false)
  })

  it('renews again, the sooner the less its lease has left, and stays connected', async () => {
    welcome(0)
    await clock.advance(PERIOD_MS)
    expect(sentBy(0, 'renew')).toBe(1)
    for (let renewals = 1; membership.lease.remainingMs > 2 * THROTTLED_RETRY_MIN_MS; renewals += 1) {
      line(0).gatewaySays(TOO_MANY)
      const pauseMs = 0.5 * Math.max(THROTTLED_RETRY_MIN_MS, membership.lease.remainingMs * THROTTLED_RETRY_SHARE)
      await clock.advance(Math.floor(pauseMs) - 1)
      expect(sentBy(0, 'renew')).toBe(renewals)
      await clock.advance(2)
      expect(sentBy(0, 'renew')).toBe(renewals + 1)
    }
    renewed(lastRenewal())
    expect(membership.isReady).toBe(true)
    expect(lines).toHaveLength(1)
    expect(died).toEqual([])
  })

  it('finds a connection that is half open after it was throttled', async () => {
    welcome(0)
    await clock.advance(PERIOD_MS)
    line(0).gatewaySays(TOO_MANY)
    await clock.advance(leaseMs - PERIOD_MS - clientMarginMs - 1)
    expect(line(0).isClosed).toBe(true)
    expect(lines).toHaveLength(2)
  })

  it('renews less often while the gateway says that there are too many, and then as often as before', async () => {
    welcome(0)
    await clock.advance(PERIOD_MS)
    line(0).gatewaySays(TOO_MANY)
    // Answered all the same: something else was turned away.
    renewed(lastRenewal())
    const answer = async (ms: number): Promise<number> => {
      const before = sentBy(0, 'renew')
      for (let passedMs = 0; passedMs < ms; passedMs += 50) {
        await clock.advance(50)
        if (Number.isInteger(lastRenewal())) renewed(lastRenewal())
      }
      return sentBy(0, 'renew') - before
    }
    const throttled = await answer(THROTTLED_MS / 2)
    expect(throttled).toBeLessThanOrEqual(Math.ceil(THROTTLED_MS / 2 / STRETCHED_MS) + 1)
    await answer(2 * THROTTLED_MS)
    expect(await answer(THROTTLED_MS)).toBeGreaterThanOrEqual(Math.floor(THROTTLED_MS / (PERIOD_MS + 50)))
  })

  it('renews as often as before after a failure that is none of too many', async () => {
    welcome(0)
    line(0).gatewaySays('Internal server error')
    expect(membership.stretched(1_000)).toBe(1_000)
    line(0).gatewaySays(TOO_MANY)
    expect(membership.stretched(1_000)).toBe(STRETCHED_MS * (1_000 / PERIOD_MS))
  })

  it('is not told apart by a frame that arrives after it has ended', async () => {
    welcome(0)
    await clock.advance(PERIOD_MS)
    membership.close()
    line(0).gatewaySays(TOO_MANY)
    await clock.advance(leaseMs)
    expect(sentBy(0, 'renew')).toBe(1)
  })

  it('connects again, the sooner the less its lease has left, where the gateway refuses a connection', async () => {
    welcome(0)
    line(0).events.closed(undefined)
    await clock.advance(RECONNECT_BASE_MS)
    for (let tries = 2; membership.lease.remainingMs > 2 * THROTTLED_RETRY_MIN_MS; tries += 1) {
      expect(lines).toHaveLength(tries)
      line(tries - 1).events.closed({ message: TOO_MANY, kind: 'throttled' })
      const pauseMs = 0.5 * Math.max(THROTTLED_RETRY_MIN_MS, membership.lease.remainingMs * THROTTLED_RETRY_SHARE)
      await clock.advance(Math.floor(pauseMs) - 1)
      expect(lines).toHaveLength(tries)
      await clock.advance(2)
    }
    expect(lines.length).toBeGreaterThan(6)
  })

  it('has its first number on the first connection that opens', async () => {
    membership.close()
    lines = []
    const opens = linesTo(lines)
    let refusals = 3
    const transport: Transport = {
      open(events) {
        if (refusals === 0) return opens.open(events)
        refusals -= 1
        queueMicrotask(() => events.closed({ message: TOO_MANY, kind: 'throttled' }))
        return { send: () => {}, close: () => {} }
      },
    }
    membership = join(0.5, transport)
    await clock.advance(RECONNECT_BASE_MS * 8)
    expect(line(0).sent).toMatchObject([{ type: 'hello', gen: 1 }])
  })

  it('connects again after pauses that grow, where it has no lease yet', async () => {
    for (let failures = 0; failures < 4; failures += 1) {
      expect(lines).toHaveLength(failures + 1)
      line(failures).events.closed({ message: TOO_MANY, kind: 'throttled' })
      await clock.advance(0.5 * RECONNECT_BASE_MS * 2 ** failures)
    }
    expect(lines).toHaveLength(5)
  })

  it('does all this at other times than another process', async () => {
    const pauses = [0.1, 0.9].map(async (fraction) => {
      const other = join(fraction)
      await settle()
      const own = lines.at(-1) as Line
      own.gatewaySays(TOO_MANY)
      const sinceMs = clock.monotonicMs()
      while (own.sent.length === 1) await clock.advance(10)
      other.close()
      return clock.monotonicMs() - sinceMs
    })
    const [one, two] = await Promise.all(pauses)
    expect(one).not.toBe(two)
  })
})
