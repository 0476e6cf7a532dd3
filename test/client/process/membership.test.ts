import type { HoldfastError, LossReason } from '../../../client/errors/index.js'
import { RECONNECT_BASE_MS, RECONNECT_MAX_MS } from '../../../client/limits.js'
import { Membership } from '../../../client/process/membership.js'
import { Reach } from '../../../client/process/reach.js'
import type { SessionKey } from '../../../protocol/keys.js'
import { CONNECTIONS_PER_PROCESS_MAX, PROTOCOL_VERSION } from '../../../protocol/limits.js'
import type { StoreMessage } from '../../../protocol/messages.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { settle, VirtualClock } from '../../support/world.js'
import { eventsWith } from './events.js'
import { type Line, linesTo } from './lines.js'

describe('a process and its connections', () => {
  let clock: VirtualClock
  let lines: Line[]
  let heard: { died: LossReason[]; refused: HoldfastError[]; ready: number; received: number }
  let membership: Membership
  beforeEach(() => {
    clock = new VirtualClock()
    lines = []
    heard = { died: [], refused: [], ready: 0, received: 0 }
    let tokens = 0
    membership = new Membership(
      'test',
      linesTo(lines),
      clock,
      {
        token: (bytes) => {
          tokens += 1
          return String(tokens).padStart(bytes, 'x')
        },
        fraction: () => 0.5,
      },
      new Reach(clock),
      eventsWith({
        ready: () => {
          heard.ready += 1
        },
        received: () => {
          heard.received += 1
        },
        died: ({ reason }) => heard.died.push(reason),
        refused: (error) => heard.refused.push(error),
      }),
    )
  })
  afterEach(() => membership.close())

  const welcome = (gen: number): StoreMessage => ({
    type: 'welcome',
    v: PROTOCOL_VERSION,
    gen,
    leaseMs: DEFAULT_TIMING.leaseMs,
    incarnation: '1',
    timing: DEFAULT_TIMING,
  })
  const renewed = (n: number): StoreMessage => ({
    type: 'renewed',
    n,
    leaseMs: DEFAULT_TIMING.leaseMs,
    incarnation: '1',
    asks: [],
  })
  /** A second in which every renewal is answered. */
  const liveOneSecond = async () => {
    await clock.advance(1_000)
    for (const { sent, isClosed, events } of lines) {
      const { n } = sent.at(-1) ?? {}
      if (n !== undefined && !isClosed) events.received(JSON.stringify(renewed(n)))
    }
  }
  const line = (index: number): Line => lines[index] as Line

  it('introduces itself first, and may ask for locks once it is welcomed', async () => {
    await settle()
    expect(line(0).sent).toMatchObject([{ type: 'hello', gen: 1 }])
    expect(membership.isReady).toBe(false)
    line(0).say(welcome(1))
    expect(membership.isReady).toBe(true)
    expect(heard.ready).toBe(1)
  })

  it('counts the lease from before the message that was answered', async () => {
    await settle()
    await clock.advance(1_000)
    line(0).say(welcome(1))
    const { leaseMs, clientMarginMs } = DEFAULT_TIMING
    expect(membership.lease.remainingMs).toBe(leaseMs - clientMarginMs - 1_000)
  })

  const staleConnection = (gen: number): StoreMessage => ({
    type: 'refused',
    of: 'hello',
    code: 'STALE_CONNECTION',
    message: 'this process has a newer connection',
    gen,
  })

  it('gives its id up where the store knows a newer connection than its newest: another process is its copy', async () => {
    await settle()
    line(0).say(staleConnection(1))
    expect(heard.died).toEqual(['evicted'])
    expect(line(0).isClosed).toBe(true)
    expect(membership.loss).toMatchObject({ code: 'SESSION_LOST', reason: 'evicted', effect: 'none' })
  })

  it.each<[string, (r: number) => object]>([
    ['granted', (r) => ({ type: 'granted', session: 's', r, epoch: 1, contended: false })],
    ['queued', (r) => ({ type: 'queued', session: 's', r, position: 0, nudgeAfterMs: 1 })],
    ['released', (r) => ({ type: 'released', session: 's', epoch: 1, next: { r, epoch: 2, contended: false } })],
  ])('numbers its requests above those of a copy, of which it is told by %s', async (_, message) => {
    await settle()
    line(0).say(welcome(1))
    expect(membership.nextRequest()).toBe(1)
    for (const r of [5, 2]) line(0).say(message(r) as StoreMessage)
    expect(membership.nextRequest()).toBe(6)
  })

  it('only closes an older connection that the store finds stale', async () => {
    await settle()
    line(0).say(welcome(1))
    line(0).events.closed(undefined)
    await clock.advance(RECONNECT_BASE_MS)
    line(1).say(welcome(2))
    await settle()
    line(0).say(staleConnection(1))
    expect(heard.died).toEqual([])
    expect(line(1).isClosed).toBe(false)
    expect(membership.isReady).toBe(true)
  })

  it('is dead for good when no renewal was answered in time', async () => {
    await settle()
    line(0).say(welcome(1))
    await clock.advance(DEFAULT_TIMING.leaseMs)
    expect(heard.died).toEqual(['unreachable'])
    expect(membership.endIfLeaseOver()).toBe(true)
    expect(lines.every(({ isClosed }) => isClosed)).toBe(true)
  })

  it('loses its lease by itself where it stood still when it should have renewed', async () => {
    await settle()
    line(0).say(welcome(1))
    clock.freeze(DEFAULT_TIMING.leaseMs)
    expect(membership.endIfLeaseOver()).toBe(true)
    expect(heard.died).toEqual(['leaseExpired'])
    expect(membership.loss).toMatchObject({ code: 'SESSION_LOST', reason: 'leaseExpired', effect: 'none' })
  })

  it('retires over its connection where its lease is over by its own clock, and hears nothing more but the answer', async () => {
    await settle()
    line(0).say(welcome(1))
    clock.freeze(DEFAULT_TIMING.leaseMs)
    expect(membership.endIfLeaseOver()).toBe(true)
    expect(line(0).isClosed).toBe(false)
    expect(membership.isToRetire).toBe(true)
    const retired = membership.retire()
    expect(line(0).sent.at(-1)).toEqual({ type: 'retire' })
    line(0).say({ type: 'refused', code: 'EVICTED', message: 'no running lease', of: 'renew', n: 1 })
    line(0).say({ type: 'granted', session: 'test#of the former id' as SessionKey, r: 1, epoch: 1, contended: false })
    expect(line(0).isClosed).toBe(false)
    line(0).say({ type: 'noted', of: 'retire' })
    await retired
    expect(line(0).isClosed).toBe(true)
    expect(heard).toMatchObject({ died: ['leaseExpired'], received: 0 })
    expect(lines).toHaveLength(1)
  })

  it('waits for the answer to its retirement as long as a round trip takes', async () => {
    await settle()
    line(0).say(welcome(1))
    const retired = membership.retire()
    await clock.advance(DEFAULT_TIMING.roundTripMs - 1)
    expect(line(0).isClosed).toBe(false)
    await clock.advance(1)
    await retired
    expect(line(0).isClosed).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('does not retire where the store says that it is over: another process may go under the same id', async () => {
    await settle()
    line(0).say(staleConnection(1))
    await membership.retire()
    expect(line(0).sent.map(({ type }) => type)).toEqual(['hello'])
  })

  it('lets a late answer to an older renewal shorten nothing', async () => {
    await settle()
    line(0).say(welcome(1))
    await clock.advance(DEFAULT_TIMING.leaseMs / 2 + 100)
    const renewals = line(0).sent.filter(({ type }) => type === 'renew')
    expect(renewals.map(({ n }) => n)).toEqual([1, 2])
    line(0).say(renewed(2))
    const remainingMs = membership.lease.remainingMs
    line(0).say(renewed(1))
    expect(membership.lease.remainingMs).toBe(remainingMs)
  })

  it('replaces a connection on which renewals go unanswered, and renews on the next', async () => {
    await settle()
    line(0).say(welcome(1))
    await clock.advance(DEFAULT_TIMING.leaseMs * 0.8)
    expect(lines).toHaveLength(2)
    expect(line(0).isClosed).toBe(true)
    await settle()
    expect(line(1).sent[0]).toMatchObject({ type: 'hello', gen: 2 })
    line(1).say(welcome(2))
    // The welcome of a later connection extends nothing by itself.
    expect(line(1).sent.at(-1)).toMatchObject({ type: 'renew' })
  })

  it('opens the next connection before the two hours are over, and closes the old one after it', async () => {
    await settle()
    line(0).say(welcome(1))
    for (let elapsedMs = 0; lines.length === 1 && elapsedMs < 2 * 3_600_000; elapsedMs += 1_000) await liveOneSecond()
    expect(lines).toHaveLength(2)
    expect(line(0).isClosed).toBe(false)
    await settle()
    line(1).say(welcome(2))
    // A doubled welcome must not be taken for a third connection's.
    line(1).say(welcome(2))
    expect(membership.isReady).toBe(true)
    for (let second = 0; second < 11; second += 1) await liveOneSecond()
    expect([line(0).isClosed, line(1).isClosed]).toEqual([true, false])
  })

  it('keeps the connection that works where the next one is never welcomed', async () => {
    await settle()
    line(0).say(welcome(1))
    for (let elapsedMs = 0; elapsedMs < 2 * 3_600_000; elapsedMs += 1_000) await liveOneSecond()
    // With one more, all four that may speak for a process would be newer than the one that works.
    const greeted = lines.filter(({ sent }) => sent[0]?.type === 'hello')
    expect(greeted).toHaveLength(CONNECTIONS_PER_PROCESS_MAX)
    expect(line(0).isClosed).toBe(false)
    expect(membership.isReady).toBe(true)
    // When that one is closed it goes on trying.
    line(0).events.closed(undefined)
    await clock.advance(RECONNECT_MAX_MS / 2)
    expect(lines).toHaveLength(CONNECTIONS_PER_PROCESS_MAX + 1)
  })

  it('opens another connection at once where the store does not know this one', async () => {
    await settle()
    line(0).say(welcome(1))
    line(0).say({ type: 'refused', code: 'NO_HELLO', message: 'who is this?', of: 'renew', n: 1 })
    await settle()
    expect([line(0).isClosed, line(1).isClosed]).toEqual([true, false])
    expect(line(1).sent).toMatchObject([{ type: 'hello', gen: 2 }])
  })

  it('pauses between connections of which the store knows none', async () => {
    await settle()
    for (let gen = 1; gen <= 6; gen += 1) {
      line(gen - 1).say(welcome(gen))
      line(gen - 1).say({ type: 'refused', code: 'NO_HELLO', message: 'who is this?', of: 'renew', n: 1 })
      await settle()
      // The first takes its place at once, and each of the others later than the one before it.
      expect(lines).toHaveLength(gen === 1 ? 2 : gen)
      await clock.advance(RECONNECT_BASE_MS * 2 ** (gen - 1))
      expect(lines).toHaveLength(gen + 1)
      await settle()
    }
    // An answered renewal ends it.
    line(6).say(welcome(7))
    line(6).say(renewed(Number(line(6).sent.at(-1)?.n)))
    line(6).say({ type: 'refused', code: 'NO_HELLO', message: 'who is this?', of: 'renew', n: 1 })
    await settle()
    expect(lines).toHaveLength(8)
  })

  it('dies when its renewal is refused', async () => {
    await settle()
    line(0).say(welcome(1))
    line(0).say({ type: 'refused', code: 'EVICTED', message: 'no running lease', of: 'renew', n: 1 })
    expect(heard.died).toEqual(['evicted'])
  })

  it.each([
    ['final', [{ code: 'UNREACHABLE', message: 'it is gone', retryable: false }]],
    ['setting', []],
    ['passing', []],
  ] as const)('says at once that no try can succeed only of a failure that is final: %s', async (kind, refused) => {
    await settle()
    line(0).events.closed({ message: 'it is gone', kind })
    expect(heard.refused).toMatchObject(refused)
    expect(heard.refused).toHaveLength(refused.length)
  })

  it('names a store that speaks another version', async () => {
    await settle()
    line(0).say({ type: 'refused', code: 'UNSUPPORTED_VERSION', message: 'this store speaks version 2', of: 'hello' })
    expect(heard.refused).toMatchObject([{ code: 'REFUSED', reason: 'UNSUPPORTED_VERSION', retryable: false }])
  })
})
