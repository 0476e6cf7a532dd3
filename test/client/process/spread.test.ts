import {
  CONNECTION_EARLY_MS,
  CONNECTION_LIFETIME_MS,
  RECONNECT_AWAITED_MS,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
  STATE_RETRY_BASE_MS,
  STATE_RETRY_MAX_MS,
  STATE_TRIES_MAX,
} from '../../../client/limits.js'
import type { Randomness } from '../../../client/ports.js'
import { Connector } from '../../../client/process/connector.js'
import { Reach } from '../../../client/process/reach.js'
import { attempt } from '../../../client/state/dynamodb-retry.js'
import { PROTOCOL_VERSION } from '../../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { Random } from '../../support/random.js'
import { settle, VirtualClock } from '../../support/world.js'
import { type Line, linesTo } from './lines.js'

const fixed = (fraction: number): Randomness => ({ token: () => '', fraction: () => fraction })
const drawn = (seed: number): Randomness => {
  const random = new Random(seed)
  return { token: () => '', fraction: () => random.fraction() }
}

/** A connector whose connections the test plays. */
function connectorWith(randomness: Randomness, clock = new VirtualClock()) {
  const lines: Line[] = []
  const connector = new Connector(linesTo(lines), clock, randomness, new Reach(clock), {
    isOver: () => false,
    hello: (gen) => JSON.stringify({ type: 'hello', gen }),
    welcomed: () => {},
    connected: () => {},
    disconnected: () => {},
    received: () => {},
    turnedAway: () => {},
    pauseMs: () => undefined,
    evicted: () => {},
    copied: () => {},
    refused: () => {},
    missed: () => {},
    unreachable: () => {},
  })
  return { connector, lines, clock }
}

/** The pauses before each next connection where every one fails at once. */
async function pauses(randomness: Randomness, count: number): Promise<number[]> {
  const { connector, lines, clock } = connectorWith(randomness)
  const before: number[] = []
  for (let made = 1; made <= count; made += 1) {
    await settle()
    const failedAtMs = clock.monotonicMs()
    lines.at(-1)?.events.closed({ message: 'cannot reach the store', kind: 'passing' })
    while (lines.length === made) await clock.advance(1)
    before.push(clock.monotonicMs() - failedAtMs)
  }
  connector.close()
  return before
}

/** When the connection after the first one is opened, which works. */
async function rolloverMs(randomness: Randomness): Promise<number> {
  const { connector, lines, clock } = connectorWith(randomness)
  await settle()
  const welcome = { type: 'welcome', v: PROTOCOL_VERSION, gen: 1, leaseMs: 1, incarnation: '1' } as const
  const sinceMs = clock.monotonicMs()
  lines[0]?.say({ ...welcome, timing: DEFAULT_TIMING })
  while (lines.length === 1) await clock.advance(10_000)
  connector.close()
  return clock.monotonicMs() - sinceMs
}

/** When a request is tried that is throttled each time. */
async function triesMs(randomness: Randomness): Promise<number[]> {
  const clock = new VirtualClock()
  const at: number[] = []
  const throttled = Object.assign(new Error('busy'), {
    name: 'ThrottlingException',
    $metadata: { httpStatusCode: 400 },
  })
  const request = () => {
    at.push(clock.monotonicMs())
    return Promise.reject(throttled)
  }
  const trying = attempt(request, clock, randomness, () => true)
  await clock.advance(60_000)
  expect((await trying).ok).toBe(false)
  return at
}

describe('clients that fail together', () => {
  it('connect again at different times', async () => {
    const [one, other] = [await pauses(drawn(1), 6), await pauses(drawn(2), 6)]
    expect(one.every((ms, index) => ms !== other[index])).toBe(true)
  })

  it('pause longer after each failure, up to a bound', async () => {
    const almost = await pauses(fixed(0.999), 9)
    const bounds = almost.map((_, index) => Math.min(RECONNECT_MAX_MS, RECONNECT_BASE_MS * 2 ** index))
    for (const [index, ms] of almost.entries()) {
      expect(ms).toBeGreaterThan(0.95 * (bounds[index] as number))
      expect(ms).toBeLessThanOrEqual((bounds[index] as number) + 1)
    }
    expect(bounds.at(-1)).toBe(RECONNECT_MAX_MS)
  })

  it('open the next connection at different times, early enough', async () => {
    const times = await Promise.all([drawn(1), drawn(2), fixed(0), fixed(0.999)].map(rolloverMs))
    expect(new Set(times).size).toBe(4)
    for (const ms of times) {
      expect(ms).toBeGreaterThanOrEqual(CONNECTION_LIFETIME_MS - 2 * CONNECTION_EARLY_MS)
      expect(ms).toBeLessThanOrEqual(CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS + 10_000)
    }
  })

  it('whose accesses wait hurry at different times', async () => {
    const hurried = await Promise.all(
      [0, 0.5].map(async (fraction) => {
        let now = 0.999
        const { connector, lines, clock } = connectorWith({ token: () => '', fraction: () => now })
        for (let failures = 0; failures < 8; failures += 1) {
          await settle()
          lines.at(-1)?.events.closed(undefined)
          if (failures < 7) await clock.advance(RECONNECT_MAX_MS)
        }
        now = fraction
        const { length } = lines
        const sinceMs = clock.monotonicMs()
        connector.hurry()
        while (lines.length === length) await clock.advance(1)
        connector.close()
        return clock.monotonicMs() - sinceMs
      }),
    )
    expect(hurried).toEqual([RECONNECT_AWAITED_MS / 2, (3 * RECONNECT_AWAITED_MS) / 4])
  })

  it('try requests again at different times, and pause longer after each failure, up to a bound', async () => {
    const [one, other] = [await triesMs(drawn(1)), await triesMs(drawn(2))]
    expect(one).toHaveLength(STATE_TRIES_MAX)
    expect(one.slice(1).every((ms, index) => ms !== other[index + 1])).toBe(true)
    const whole = await triesMs(fixed(1))
    const gaps = whole.slice(1).map((ms, index) => ms - (whole[index] as number))
    expect(gaps).toEqual(gaps.map((_, index) => Math.min(STATE_RETRY_MAX_MS, STATE_RETRY_BASE_MS * 2 ** (index + 1))))
  })
})
