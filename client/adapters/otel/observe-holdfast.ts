import { type Meter, metrics } from '@opentelemetry/api'
import type { Holdfast } from '../../holdfast-api.js'
import { Measures } from './measures.js'

/** Options of {@link observeHoldfast}. */
export interface ObserveOptions {
  /** @default - `metrics.getMeter('holdfast')` of OpenTelemetry's API */
  readonly meter?: Meter
}

interface Closable {
  close(): Promise<void>
}
type Work = (sessions: unknown) => unknown
/** The calls that are measured. `this` is the client that a call goes to, also for the calls of handles of sessions. */
interface Calls {
  access(of: unknown, locks: unknown, work: Work, options?: { readonly label?: string }): Promise<unknown>
  accessMany(ids: unknown, locks: unknown, work: Work, options?: { readonly label?: string }): Promise<unknown>
  open(of: unknown, locks: unknown, options?: { readonly label?: string }): Promise<Closable>
  close(options?: object): Promise<void>
}

/** The label of accesses that have none of their own. */
const LABEL = 'access'

/**
 * Makes a client that measures the accesses of `client`, and is otherwise the same: use it in its place, also for adapters.
 * Set up OpenTelemetry's SDK first. Labels of accesses become attributes: give few different ones.
 *
 * `access`, `accessMany` and `open` are measured, those of worker threads too where the port is the new client's. `create`,
 * `rotate` and `destroy` are not. `close()` of the new client closes the old one, and ends the measuring.
 *
 * @example
 * const holdfast = observeHoldfast(createHoldfast({ namespace: 'shop' }))
 */
export function observeHoldfast<S extends object>(
  client: Holdfast<S>,
  { meter = metrics.getMeter('holdfast') }: ObserveOptions = {},
): Holdfast<S> {
  const calls = client as unknown as Calls
  const measures = new Measures(client, meter)

  /** Measures the call of an access, whose work is `work`. */
  async function measured(
    call: (work: Work) => Promise<unknown>,
    work: Work,
    { sessions, locks, label }: { readonly sessions: number; readonly locks: unknown; readonly label: string },
  ): Promise<unknown> {
    measures.begun(sessions)
    const calledMs = performance.now()
    let endedMs = calledMs
    const timed: Work = async (session) => {
      const beganMs = performance.now()
      measures.record(measures.wait, beganMs - calledMs, label)
      try {
        return await work(session)
      } finally {
        endedMs = performance.now()
        measures.record(measures.run, endedMs - beganMs, label)
      }
    }
    // The client refuses what is no function.
    const result = await orFailed(call(typeof work === 'function' ? timed : work))
    if (isForWriting(locks)) measures.record(measures.commit, performance.now() - endedMs, label)
    return result
  }

  function measureClose(session: Closable, locks: unknown, label: string): void {
    const openedMs = performance.now()
    const close = session.close.bind(session)
    let isMeasured = false
    session.close = async () => {
      const closedMs = performance.now()
      await orFailed(close())
      if (isMeasured) return
      isMeasured = true
      measures.record(measures.run, closedMs - openedMs, label)
      if (isForWriting(locks)) measures.record(measures.commit, performance.now() - closedMs, label)
    }
  }

  async function orFailed<T>(call: Promise<T>): Promise<T> {
    try {
      return await call
    } catch (error) {
      measures.failed(error)
      throw error
    }
  }

  const measuring: Calls = {
    access(of, locks, work, options) {
      const about = { sessions: 1, locks, label: options?.label ?? LABEL }
      return measured((timed) => calls.access.call(this, of, locks, timed, options), work, about)
    },
    accessMany(ids, locks, work, options) {
      const about = { sessions: Array.isArray(ids) ? ids.length : 0, locks, label: options?.label ?? LABEL }
      return measured((timed) => calls.accessMany.call(this, ids, locks, timed, options), work, about)
    },
    async open(of, locks, options) {
      const label = options?.label ?? LABEL
      measures.begun(1)
      const calledMs = performance.now()
      const session = await calls.open.call(this, of, locks, options)
      measures.record(measures.wait, performance.now() - calledMs, label)
      measureClose(session, locks, label)
      return session
    },
    close(options) {
      measures.stop()
      return calls.close.call(client, options)
    },
  }
  // What is not measured is inherited. It reads the client's own fields, and writes none of them.
  return Object.assign(Object.create(client) as Holdfast<S>, measuring)
}

const isForWriting = (locks: unknown): boolean =>
  locks === 'all' || (typeof locks === 'object' && locks !== null && 'write' in locks)
