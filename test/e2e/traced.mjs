// One application server that OpenTelemetry's SDK traces. It does what its parent says, and reports all of its spans.
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { createHoldfast } from 'holdfast'
import { observeHoldfast } from 'holdfast/otel'

/** Far more than a collection of all that can go takes. */
const COLLECTIONS_MAX = 50

const { isSampled = true } = JSON.parse(process.argv[2] ?? '{}')
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({
  sampler: isSampled ? new AlwaysOnSampler() : new AlwaysOffSampler(),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
trace.setGlobalTracerProvider(provider)

const own = trace.getTracer('application')
const made = []
const holdfasts = trace.getTracer('holdfast')
/** The SDK's own tracer. It remembers what it made, and holds none of it. */
const tracer = {
  startSpan(...args) {
    const span = holdfasts.startSpan(...args)
    made.push(new WeakRef(span))
    return span
  },
}
const holdfast = observeHoldfast(createHoldfast({ namespace: 'e2e' }), { tracer })
holdfast.on('wanted', () => process.send?.({ event: 'wanted' }))

/** One request of a server: its own span, in which lies that of the access, in which lies that of the work. */
const request = (work) =>
  own.startActiveSpan('request', async (span) => {
    try {
      return await work()
    } finally {
      span.end()
    }
  })
const add = (id, value, options) =>
  holdfast.access(
    id,
    { write: ['notes'] },
    async ({ state }) => {
      const span = own.startSpan('work')
      await turn()
      state.notes = [...(state.notes ?? []), value]
      span.end()
      return state.notes.length
    },
    options,
  )

const commands = {
  add: ({ id, value, options }) => request(() => add(id, value, options)),
  /** So many requests at once, for these sessions in turn. */
  addMany: async ({ ids, times, value }) => {
    const requests = Array.from({ length: times }, (_, n) => request(() => add(ids[n % ids.length], value)))
    await Promise.all(requests)
    return undefined
  },
  /** Reports that it runs, then goes on until the parent says `finish`. */
  addSlowly: ({ id, value }) =>
    request(() =>
      holdfast.access(id, { write: ['notes'] }, async ({ state }) => {
        process.send?.({ event: 'running' })
        await new Promise((resolve) => process.on('message', ({ command }) => command === 'finish' && resolve()))
        state.notes = [...(state.notes ?? []), value]
      }),
    ),
  fail: ({ id, value }) =>
    request(() =>
      holdfast.access(id, { write: ['notes'] }, () => {
        throw Object.assign(new Error(`of ${id}: ${value}`), { code: value })
      }),
    ),
  spans: async () => {
    await provider.forceFlush()
    return exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      status: span.status,
      attributes: span.attributes,
      events: span.events.map(({ name, attributes }) => ({ name, attributes })),
      links: span.links.length,
      resource: span.resource.attributes,
      hasEnded: span.ended,
    }))
  },
  /** How many spans of accesses were made, and are still held by anything. */
  held: async () => {
    await provider.forceFlush()
    exporter.reset()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    const held = () => made.filter((span) => span.deref() !== undefined).length
    for (let left = COLLECTIONS_MAX; left > 0 && held() > 0; left -= 1) {
      await turn()
      collect()
    }
    return { made: made.length, held: held() }
  },
}

process.on('message', ({ command, n, ...rest }) => {
  commands[command]?.(rest).then(
    (value) => process.send?.({ n, value }),
    (error) => process.send?.({ n, error: { code: error.code } }),
  )
})
process.send?.({ event: 'ready' })
