import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Attributes, BatchObservableResult, Histogram, Meter } from '@opentelemetry/api'
import type { HoldfastError } from '../../errors/index.js'
import type { HoldfastEvents } from '../../events.js'
import type { Health } from '../../holdfast-api.js'

/** From what a kept access takes to what a wait for a dead server takes. */
const BUCKETS_MS = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 35_000]
const LEASE_SAMPLE_MS = 1_000
const LOOP_RESOLUTION_MS = 10

/** A client as it is looked at from outside. */
export interface Observed {
  toJSON(): { readonly namespace: string } & Health
  session(id: string): { readonly key: string }
  on<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): unknown
  off<E extends keyof HoldfastEvents>(event: E, listener: (...args: HoldfastEvents[E]) => void): unknown
}

/** The instruments of one client. docs/OPERATIONS.md explains each. */
export class Measures {
  readonly wait: Histogram
  readonly run: Histogram
  readonly commit: Histogram
  private readonly about: Attributes
  private readonly lag: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  private readonly stops: (() => void)[] = []
  private readonly unknown: (count: number) => void
  private accesses = 0
  private grants = 0
  private leaseMinMs: number | undefined

  constructor(
    private readonly client: Observed,
    meter: Meter,
  ) {
    this.about = { namespace: client.toJSON().namespace }
    const times = (name: string, description: string) =>
      meter.createHistogram(`holdfast.${name}`, {
        description,
        unit: 'ms',
        advice: { explicitBucketBoundaries: BUCKETS_MS },
      })
    this.wait = times('lock.wait', 'From the call of an access until its work began')
    this.run = times('access.run', 'How long the work of an access took')
    this.commit = times(
      'commit',
      'From the end of the work until the access resolved, of accesses that lock for writing',
    )
    const unknown = meter.createCounter('holdfast.commit.unknown', {
      description: 'Commits of which nobody knows whether they landed',
    })
    this.unknown = (count) => unknown.add(count, this.about)
    this.countRetries(meter)
    this.countLosses(meter)
    this.observe(meter)
  }

  /** So many sessions are entered by one call. */
  begun(sessions: number): void {
    this.accesses += sessions
  }

  failed(error: unknown): void {
    if ((error as Partial<HoldfastError> | undefined)?.effect === 'unknown') this.unknown(1)
  }

  record(histogram: Histogram, ms: number, label: string): void {
    histogram.record(ms, { ...this.about, label })
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop()
  }

  private countRetries(meter: Meter): void {
    const retries = meter.createCounter('holdfast.commit.retries', { description: 'Tries of commits after the first' })
    const retried = () => retries.add(1, this.about)
    this.client.on('retried', retried)
    this.stops.push(() => this.client.off('retried', retried))
  }

  private countLosses(meter: Meter): void {
    const losses = meter.createCounter('holdfast.sessions.lost', { description: 'Sessions that the process lost' })
    const granted = () => {
      this.grants += 1
    }
    const lost = ({ error, unwritten }: HoldfastEvents['lost'][0]) => {
      const { reason = error.code } = error as { readonly reason?: string }
      losses.add(1, { ...this.about, reason })
      // No access hears of these. Those that wait for a commit get the error.
      if (error.effect === 'unknown' && unwritten > 0) this.unknown(unwritten)
    }
    this.client.on('granted', granted)
    this.client.on('lost', lost)
    this.stops.push(() => {
      this.client.off('granted', granted)
      this.client.off('lost', lost)
    })
  }

  private observe(meter: Meter): void {
    const gauge = (name: string, description: string, unit?: string) =>
      meter.createObservableGauge(`holdfast.${name}`, { description, ...(unit === undefined ? {} : { unit }) })
    const held = gauge('sessions.held', 'Sessions that the process holds')
    const ratio = gauge('hit.ratio', 'The share of accesses that needed no grant, since the last collection')
    const lease = gauge('lease.margin.min', 'The least rest of the lease, since the last collection', 'ms')
    const lag = gauge('eventloop.lag.max', 'The longest delay of the event loop, since the last collection', 'ms')
    const callback = (result: BatchObservableResult) => {
      const { accesses, grants, leaseMinMs, about } = this
      result.observe(held, this.client.toJSON().heldSessions, about)
      if (accesses > 0) result.observe(ratio, Math.max(0, 1 - grants / accesses), about)
      if (leaseMinMs !== undefined) result.observe(lease, leaseMinMs, about)
      result.observe(lag, Math.max(0, this.lag.max / 1e6 - LOOP_RESOLUTION_MS), about)
      this.accesses = 0
      this.grants = 0
      this.leaseMinMs = undefined
      this.lag.reset()
    }
    const gauges = [held, ratio, lease, lag]
    meter.addBatchObservableCallback(callback, gauges)
    const sampling = setInterval(() => this.sampleLease(), LEASE_SAMPLE_MS).unref()
    this.lag.enable()
    this.stops.push(
      () => meter.removeBatchObservableCallback(callback, gauges),
      () => clearInterval(sampling),
      () => this.lag.disable(),
    )
  }

  /** A process that holds nothing has nothing to lose. */
  private sampleLease(): void {
    const { heldSessions, leaseRemainingMs } = this.client.toJSON()
    if (heldSessions > 0) this.leaseMinMs = Math.min(this.leaseMinMs ?? Number.POSITIVE_INFINITY, leaseRemainingMs)
  }
}
