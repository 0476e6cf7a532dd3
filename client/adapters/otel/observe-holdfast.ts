import { type Meter, metrics, type Tracer, trace } from '@opentelemetry/api'
import type { Holdfast } from '../../holdfast-api.js'
import { Measures } from './measures.js'
import { type AccessSpan, Spans } from './spans.js'

/** Options of {@link observeHoldfast}. */
export interface ObserveOptions {
  /** @default - `metrics.getMeter('holdfast')` of OpenTelemetry's API */
  readonly meter?: Meter
  /** @default - `trace.getTracer('holdfast')` of OpenTelemetry's API */
  readonly tracer?: Tracer
}

interface Closable {
  close(): Promise<void>
}
type Work = (sessions: unknown) => unknown
interface Labelled {
  readonly label?: string
}
/** The calls that are measured. `this` is the client that a call goes to, also for the calls of handles of sessions. */
interface Calls {
  access(of: unknown, locks: unknown, work: Work, options?: Labelled): Promise<unknown>
  accessMany(ids: unknown, locks: unknown, work: Work, options?: Labelled): Promise<unknown>
  open(of: unknown, locks: unknown, options?: Labelled): Promise<Closable>
  create(init?: object, options?: Labelled & { readonly id?: string }): Promise<string>
  rotate(id: unknown, work?: Work, options?: Labelled): Promise<string>
  destroy(of: unknown, options?: Labelled): Promise<boolean>
  close(options?: object): Promise<void>
}

/** The label of accesses that have none of their own. */
const LABEL = 'access'

/**
 * Makes a client that measures and traces the accesses of `client`, and is otherwise the same: use it in its place, also for
 * adapters. Set up OpenTelemetry's SDK first. Labels of accesses become attributes: give few different ones.
 *
 * `access`, `accessMany`, `open`, `create`, `rotate` and `destroy` are measured, and each makes a span `holdfast.access`; those
 * of worker threads too where the port is the new client's. Neither ids nor values of sessions are in them. `close()` of the
 * new client closes the old one, and ends the measuring.
 *
 * @example
 * const holdfast = observeHoldfast(createHoldfast({ namespace: 'shop' }))
 */
export function observeHoldfast<S extends object>(
  client: Holdfast<S>,
  { meter = metrics.getMeter('holdfast'), tracer = trace.getTracer('holdfast') }: ObserveOptions = {},
): Holdfast<S> {
  const calls = client as unknown as Calls
  const measures = new Measures(client, meter)
  const spans = new Spans(client, tracer)

  /** Measures a call for these sessions, whose work is `work`. Without work, all of it is its commit. */
  async function measured<T>(
    call: (work?: Work) => Promise<T>,
    work: Work | undefined,
    { sessions, isWriting, label }: { readonly sessions: unknown; readonly isWriting: boolean; readonly label: string },
  ): Promise<T> {
    const entered = Array.isArray(sessions) ? sessions : []
    measures.begun(entered.length)
    const span = spans.begin(entered, label)
    const calledMs = performance.now()
    let endedMs = calledMs
    const timed: Work = async (session) => {
      const beganMs = performance.now()
      span.hasBegun = true
      measures.record(measures.wait, beganMs - calledMs, label)
      try {
        return await work?.(session)
      } finally {
        endedMs = performance.now()
        measures.record(measures.run, endedMs - beganMs, label)
      }
    }
    // The client refuses what is no function.
    const result = await orFailed(
      span,
      span.run(() => call(typeof work === 'function' ? timed : work)),
    )
    if (isWriting) measures.record(measures.commit, performance.now() - endedMs, label)
    span.done()
    return result
  }

  function measureClose(session: Closable, span: AccessSpan, locks: unknown, label: string): void {
    const openedMs = performance.now()
    const close = session.close.bind(session)
    let isMeasured = false
    session.close = async () => {
      if (isMeasured) return close()
      isMeasured = true
      const closedMs = performance.now()
      await orFailed(span, close())
      measures.record(measures.run, closedMs - openedMs, label)
      if (isForWriting(locks)) measures.record(measures.commit, performance.now() - closedMs, label)
      span.done()
    }
  }

  async function orFailed<T>(span: AccessSpan, call: Promise<T>): Promise<T> {
    try {
      return await call
    } catch (error) {
      measures.failed(error)
      span.failed(error)
      throw error
    }
  }

  const measuring: Calls = {
    access(of, locks, work, options) {
      const about = { sessions: [of], isWriting: isForWriting(locks), label: labelOf(options) }
      return measured((timed) => calls.access.call(this, of, locks, timed as Work, options), work, about)
    },
    accessMany(ids, locks, work, options) {
      const about = { sessions: ids, isWriting: isForWriting(locks), label: labelOf(options) }
      return measured((timed) => calls.accessMany.call(this, ids, locks, timed as Work, options), work, about)
    },
    async open(of, locks, options) {
      const label = labelOf(options)
      measures.begun(1)
      const span = spans.begin([of], label)
      const calledMs = performance.now()
      const session = await orFailed(
        span,
        span.run(() => calls.open.call(this, of, locks, options)),
      )
      span.hasBegun = true
      measures.record(measures.wait, performance.now() - calledMs, label)
      measureClose(session, span, locks, label)
      return session
    },
    create(init, options) {
      const about = { sessions: [options?.id], isWriting: true, label: labelOf(options, 'create') }
      return measured(() => calls.create.call(this, init, options), undefined, about)
    },
    rotate(id, work = () => {}, options) {
      const about = { sessions: [id], isWriting: true, label: labelOf(options, 'rotate') }
      return measured((timed) => calls.rotate.call(this, id, timed, options), work, about)
    },
    destroy(of, options) {
      const about = { sessions: [of], isWriting: true, label: labelOf(options, 'destroy') }
      return measured(() => calls.destroy.call(this, of, options), undefined, about)
    },
    close(options) {
      measures.stop()
      spans.stop()
      return calls.close.call(client, options)
    },
  }
  // What is not measured is inherited. It reads the client's own fields, and writes none of them.
  return Object.assign(Object.create(client) as Holdfast<S>, measuring)
}

const isForWriting = (locks: unknown): boolean =>
  locks === 'all' || (typeof locks === 'object' && locks !== null && 'write' in locks)

const labelOf = (options: Labelled | undefined, otherwise = LABEL): string => options?.label ?? otherwise
