import { RENEWALS_PER_LEASE } from '../../../protocol/limits.js'
import { Storm, type StormOptions } from './storm.js'

/** A twenty-fifth of a deployment: processes, throttle and new connections alike. */
const SMALL = {
  leaseMs: 30_000,
  throttle: { perSecond: 80, burst: 40 },
  connections: { perSecond: 20, burst: 20 },
} as const
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const storm = (processes: number, more: Partial<StormOptions>): Storm => {
  const made = new Storm({ ...SMALL, processes, ...more })
  made.start()
  return made
}

/** Each of these says what is wrong in one small storm. */
export const CHECKS: readonly ((seed: number) => string[])[] = [
  function steady(seed) {
    const all = storm(400, { seed })
    const perHour = all.messagesPerHour(5 * MINUTE_MS)
    return [
      ...lost('10,000 processes that are idle', all),
      ...unless(all.counts.opened <= 400 * 1.2, `${all.counts.opened} connects of 400 processes`),
      ...unless(perHour < 1.05 * renewalsPerHour(30_000), `${perHour} messages per process and hour`),
    ]
  },
  function cut(seed) {
    const all = storm(240, { seed })
    const tookMs = all.cut(2 * MINUTE_MS)
    return [
      ...lost('6,000 processes that were cut off', all),
      ...unless(tookMs < 20_000, `connected after ${tookMs} ms`),
    ]
  },
  function deploy(seed) {
    const all = storm(400, { seed })
    all.deploy(20)
    all.pass(MINUTE_MS)
    return lost('10,000 processes of which 500 were replaced', all)
  },
  /** For some minutes too few messages pass for renewals at their usual period, and enough at a longer one. */
  function dip(seed) {
    const all = storm(100, { seed, leaseMs: 15_000 })
    const { opened } = all.counts
    all.dip({ perSecond: 20, burst: 5 }, 4 * MINUTE_MS)
    const sent = all.counts.turnedAway
    all.pass(3 * MINUTE_MS)
    const perHour = all.messagesPerHour(2 * MINUTE_MS)
    return [
      ...lost('processes that were throttled', all),
      ...unless(sent > 0, 'nothing was throttled'),
      ...unless(all.counts.opened === opened, 'processes connect again because they are throttled'),
      ...unless(perHour > 0.97 * renewalsPerHour(15_000), `${perHour} messages per process and hour, after a throttle`),
    ]
  },
  /** All are connected while hardly any message passes: none may be given up meanwhile. */
  function greetings(seed) {
    const all = storm(60, { seed, leaseMs: 60_000, throttle: { perSecond: 8, burst: 8 } })
    return [
      ...lost('processes that greet', all),
      ...unless(all.counts.opened === 60, `${all.counts.opened} connects of 60 processes`),
    ]
  },
]

const renewalsPerHour = (leaseMs: number): number => (RENEWALS_PER_LEASE * HOUR_MS) / leaseMs

const unless = (isGood: boolean, problem: string): string[] => (isGood ? [] : [problem])

const lost = (who: string, { lost: leases }: Storm): string[] =>
  unless(leases === 0, `${leases} leases of ${who} are lost`)
