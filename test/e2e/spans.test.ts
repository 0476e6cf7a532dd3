import { randomBytes } from 'node:crypto'
import type { FunctionLogLine } from '../../local/index.js'
import { handoffId } from '../../protocol/handoff-id.js'
import { Places } from '../cli/places.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import type { AppProcess } from './processes.js'
import { sessionKey } from './tables.js'

interface Notes {
  notes: string[]
}
interface Seen {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: { readonly [name: string]: unknown }
  readonly events: readonly { readonly name: string; readonly attributes: object }[]
  readonly links: number
  readonly hasEnded: boolean
}
interface Line {
  readonly event: string
  readonly handoff?: string
  readonly grant?: string
}

const UNSET = { code: 0 }
const ERROR = { code: 2 }
const REQUESTS = 60

/** A handoff's id without its epoch. */
const sessionOf = (handoff: string) => handoff.slice(0, handoff.lastIndexOf('-'))
/** The id of the grant that a handoff leads to. */
const grantAfter = (handoff: string) =>
  `${sessionOf(handoff)}-${Number(handoff.slice(sessionOf(handoff).length + 1)) + 1}`
const handoffsOf = ({ attributes }: Seen) => (attributes['holdfast.handoff'] ?? []) as readonly string[]

describe("the spans of two processes, as OpenTelemetry's SDK exports them", () => {
  const lines: Line[] = []
  // A function that ends with its stack says so in words.
  const onLog = ({ text }: FunctionLogLine) => void (text.startsWith('{') && lines.push(JSON.parse(text)))
  const suite = new LocalStackSuite<Notes>({ environment: NO_RENEWALS, onLog })
  const canaries: Record<string, string> = {}
  let anna: AppProcess
  let bert: AppProcess
  beforeEach(async () => {
    ;[anna, bert] = await Promise.all([suite.spawn({}, 'traced.mjs'), suite.spawn({}, 'traced.mjs')])
  })

  const drawn = (what: string): string => {
    const canary = `canary-${what}-${randomBytes(18).toString('hex')}`
    canaries[`${what} ${Object.keys(canaries).length}`] = canary
    return canary
  }
  /** All that a process has exported: none has an id, or a value. */
  const spansOf = async (process: AppProcess): Promise<readonly Seen[]> => {
    const { value } = await process.command('spans')
    const seen = new Places()
    seen.add('spans', value)
    expect(seen.find(canaries)).toEqual([])
    return value as Seen[]
  }
  const accesses = async (process: AppProcess) =>
    (await spansOf(process)).filter(({ name }) => name === 'holdfast.access')
  const linesOf = (ids: readonly string[]) => {
    const known = new Set(ids.map((id) => sessionOf(handoffId(sessionKey(id), 1))))
    return lines.filter(({ handoff, grant }) => known.has(sessionOf(handoff ?? grant ?? '')))
  }

  it('lie in the requests of each, and those of the work in them, under load and through handoffs', async () => {
    const ids = Array.from({ length: 4 }, () => drawn('id'))
    const value = drawn('value')
    const processes = [anna, bert]
    await Promise.all(processes.map((process) => process.command('addMany', { ids, times: REQUESTS, value })))
    const handoffs = new Set<string>()
    for (const process of processes) {
      const spans = await spansOf(process)
      const byId = new Map(spans.map((span) => [span.spanId, span]))
      const parents = spans.map(({ name, parentId, traceId }) => {
        const parent = parentId === undefined ? undefined : byId.get(parentId)
        expect(parent === undefined || parent.traceId === traceId).toBe(true)
        return `${name} in ${parentId === undefined ? 'nothing' : parent?.name}`
      })
      const count = (what: string) => parents.filter((parent) => parent === what).length
      expect(new Set(parents).size).toBe(3)
      for (const what of ['request in nothing', 'holdfast.access in request', 'work in holdfast.access'])
        expect([what, count(what)]).toEqual([what, REQUESTS])
      // One of each: no span has become the parent of another request's.
      expect(new Set(spans.map(({ parentId }) => parentId)).size).toBe(2 * REQUESTS + 1)
      expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(REQUESTS)
      for (const span of spans) expect(span).toMatchObject({ status: UNSET, links: 0, hasEnded: true })
      for (const span of spans.filter(({ name }) => name === 'holdfast.access')) {
        const { 'holdfast.handoff': _, 'holdfast.kept': kept, ...rest } = span.attributes
        const label = { 'holdfast.namespace': 'e2e', 'holdfast.label': 'access', 'holdfast.outcome': 'done' }
        expect(rest).toEqual(label)
        expect(kept).toBe(handoffsOf(span).length === 0)
        for (const handoff of handoffsOf(span)) handoffs.add(handoff)
      }
    }
    // Each grant that the functions made is one that a span tells of, and the other way round.
    const granted = new Set(linesOf(ids).flatMap(({ grant }) => grant ?? []))
    expect([...handoffs].map(grantAfter).toSorted()).toEqual([...granted].toSorted())
    const handedOver = linesOf(ids).flatMap(({ event, handoff }) => (event === 'handedOver' ? (handoff ?? []) : []))
    expect(handedOver.length).toBeGreaterThanOrEqual(ids.length)
    expect(handedOver.filter((handoff) => !handoffs.has(handoff))).toEqual([])
    const reader = suite.client()
    for (const id of ids) expect((await reader.peek(id))?.state.notes).toHaveLength((2 * REQUESTS) / ids.length)
  }, 60_000)

  it("show one handoff on both sides, by the id that the functions' logs have", async () => {
    const id = drawn('id')
    const value = drawn('value')
    const slow = anna.command('addSlowly', { id, value })
    await anna.waitFor(({ event }) => event === 'running')
    const waiting = bert.command('add', { id, value })
    await anna.waitFor(({ event }) => event === 'wanted')
    anna.say('finish')
    await slow
    expect(await waiting).toMatchObject({ value: 2 })
    expect(await bert.command('add', { id, value })).toMatchObject({ value: 3 })

    const [held] = await accesses(anna)
    const [waited, kept] = await accesses(bert)
    const [handoff] = waited === undefined ? [] : handoffsOf(waited)
    expect(held?.events).toEqual([{ name: 'holdfast.wanted', attributes: { 'holdfast.handoff': handoff } }])
    expect(waited).toMatchObject({ attributes: { 'holdfast.kept': false }, events: [] })
    expect(kept?.attributes).toMatchObject({ 'holdfast.kept': true })
    const told = linesOf([id]).flatMap(({ event, handoff: of }) => (of === handoff ? event : []))
    expect(told).toEqual(['queued', 'handedOver'])
    expect(linesOf([id]).find(({ event }) => event === 'granted')?.grant).toBe(handoff)
  }, 60_000)

  it('of accesses that fail have the status of an error, and its code where it is of this package', async () => {
    const id = drawn('id')
    const value = drawn('value')
    expect(await anna.command('fail', { id, value })).toMatchObject({ error: { code: value } })
    const slow = anna.command('addSlowly', { id, value })
    await anna.waitFor(({ event }) => event === 'running')
    const timedOut = await bert.command('add', { id, value, options: { timeoutMs: 1_500, label: 'brief' } })
    expect(timedOut).toMatchObject({ error: { code: 'WAIT_TIMEOUT' } })
    anna.say('finish')
    await slow
    const [thrown] = await accesses(anna)
    expect(thrown).toMatchObject({ attributes: { 'error.type': '_OTHER', 'holdfast.outcome': 'failed' }, events: [] })
    const [late] = await accesses(bert)
    expect(late?.attributes).toEqual({
      'holdfast.namespace': 'e2e',
      'holdfast.label': 'brief',
      'error.type': 'WAIT_TIMEOUT',
      'holdfast.outcome': 'failed',
    })
    // Without the words of the error, and the requests keep their own status.
    for (const span of [thrown, late]) expect(span?.status).toEqual(ERROR)
    const requests = [...(await spansOf(anna)), ...(await spansOf(bert))].filter(({ name }) => name === 'request')
    expect(requests.map(({ status }) => status)).toEqual([UNSET, UNSET, UNSET])
  }, 60_000)

  it.each([true, false])(
    'are not held when they have ended, but for one of each session and connection; sampled: %s',
    async (isSampled) => {
      const ids = Array.from({ length: 5 }, () => drawn('id'))
      const server = await suite.spawn({ isSampled }, 'traced.mjs')
      for (const rounds of [1, 2, 3]) {
        await server.command('addMany', { ids, times: 200, value: 'x' })
        expect(await spansOf(server)).toHaveLength(isSampled ? 600 : 0)
        const { made, held } = (await server.command('held')).value as { readonly made: number; readonly held: number }
        expect(made).toBe(rounds * 200)
        // What begins in an access and goes on belongs to its context: what keeps the session, a connection to DynamoDB for
        // each commit at once, and the one to the store.
        expect(held).toBeLessThanOrEqual(2 * ids.length + 1)
      }
    },
    60_000,
  )
})
