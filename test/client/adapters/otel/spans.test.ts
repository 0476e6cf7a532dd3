import { AsyncLocalStorage } from 'node:async_hooks'
import { type Attributes, type Context, context, ROOT_CONTEXT, type Span, type Tracer, trace } from '@opentelemetry/api'
import { handoffId, observeHoldfast } from '../../../../client/adapters/otel/index.js'
import { World } from '../../../support/world.js'

interface State {
  count: number
}
interface Seen {
  readonly name: string
  readonly attributes: Attributes
  readonly events: string[]
  status: string
  ends: number
}

const increment = ({ state }: { state: { count?: number } }) => {
  state.count = (state.count ?? 0) + 1
}

/** A tracer that keeps all spans. */
class Kept {
  readonly spans: Seen[] = []
  readonly tracer = {
    startSpan: (name: string, { attributes }: { attributes: Attributes }) => {
      const seen: Seen = { name, attributes: { ...attributes }, events: [], status: '', ends: 0 }
      this.spans.push(seen)
      return {
        seen,
        isRecording: () => true,
        setAttribute: (key: string, value: Attributes[string]) => Object.assign(seen.attributes, { [key]: value }),
        setStatus: (status: { code: number }) => Object.assign(seen, { status: Object.values(status).join() }),
        addEvent: (event: string, about: Attributes) =>
          seen.events.push(`${event} ${String(about['holdfast.handoff'])}`),
        end: () => {
          seen.ends += 1
        },
      }
    },
  } as unknown as Tracer
}

describe('the spans of a client', () => {
  const contexts = new AsyncLocalStorage<Context>()
  let world: World
  let kept: Kept
  const observed = () => observeHoldfast(world.client<State>({ namespace: 'shop' }), { tracer: kept.tracer })
  const last = () => kept.spans.at(-1) as Seen
  const attributes = () => last().attributes
  const finish = <T>(promise: Promise<T>) => world.finish(promise, 120_000)
  const failure = (promise: Promise<unknown>) =>
    finish(
      promise.then(
        () => 'done',
        (error) => error,
      ),
    )
  beforeAll(() => {
    context.setGlobalContextManager({
      active: () => contexts.getStore() ?? ROOT_CONTEXT,
      with: (entered, call, self, ...args) => contexts.run(entered, () => call.apply(self as never, args)),
      bind: (_context, target) => target,
      enable: () => context as never,
      disable: () => context as never,
    })
  })
  afterAll(() => context.disable())
  beforeEach(() => {
    world = new World()
    kept = new Kept()
  })
  afterEach(() => world.close())

  test('tell whether a session was kept or waited for, and by which handoff it came', async () => {
    const [one, other] = [observed(), observed()]
    const base = { 'holdfast.namespace': 'shop', 'holdfast.label': 'access', 'holdfast.outcome': 'done' }
    const idBefore = (epoch: number) => [handoffId(one.session('a').key as never, epoch - 1)]
    const first = await finish(one.access('a', 'all', ({ epoch }) => epoch))
    expect(attributes()).toEqual({ ...base, 'holdfast.kept': false, 'holdfast.handoff': idBefore(first) })
    await finish(one.access('a', 'all', increment))
    expect(attributes()).toEqual({ ...base, 'holdfast.kept': true })
    const second = await finish(other.access('a', 'all', ({ epoch }) => epoch, { label: 'add' }))
    expect(second).toBe(first + 1)
    const waited = { 'holdfast.kept': false, 'holdfast.handoff': idBefore(second) }
    expect(attributes()).toEqual({ ...base, ...waited, 'holdfast.label': 'add' })
    // Nobody asked while they ran.
    expect(kept.spans.flatMap(({ events }) => events)).toEqual([])
    expect(kept.spans.map(({ name, ends, status }) => `${name} ${ends} ${status}`)).toEqual(
      Array.from({ length: 3 }, () => 'holdfast.access 1 '),
    )
  })

  test('an access that another process waits for is told so, with the id of the handoff', async () => {
    const [one, other] = [observed(), observed()]
    const session = await finish(one.open('a', 'all'))
    const [span] = kept.spans
    const waiting = other.access('a', 'all', increment)
    await world.clock.advance(1_000)
    const id = handoffId(one.session('a').key as never, session.epoch)
    expect(span).toMatchObject({ events: [`holdfast.wanted ${id}`], ends: 0 })
    for (let times = 0; times < 2; times += 1) await finish(session.close())
    await finish(waiting)
    expect(span).toMatchObject({ attributes: { 'holdfast.kept': false }, ends: 1 })
    expect(attributes()['holdfast.handoff']).toEqual([id])
  })

  test('what is made inside an access lies in its span', async () => {
    const holdfast = observed()
    const inside = await finish(
      holdfast.access('a', 'all', async () => {
        await Promise.resolve()
        return (trace.getActiveSpan() as (Span & { seen: Seen }) | undefined)?.seen
      }),
    )
    expect(inside).toBe(last())
    expect(trace.getActiveSpan()).toBeUndefined()
  })

  test('a failure has its code, and nothing of its message', async () => {
    const holdfast = observed()
    const thrown = Object.assign(new Error('the card 4242'), { code: 'CARD_4242' })
    expect(await failure(holdfast.access('a', 'all', () => Promise.reject(thrown)))).toBe(thrown)
    expect(attributes()).toMatchObject({ 'error.type': '_OTHER', 'holdfast.outcome': 'failed', 'holdfast.kept': false })
    expect(await failure(holdfast.access('b', 'all', increment, { ifMissing: 'fail' }))).toBeInstanceOf(Error)
    expect(attributes()).toMatchObject({ 'error.type': 'SESSION_MISSING', 'holdfast.outcome': 'failed' })
    expect(attributes()).not.toHaveProperty('holdfast.kept')
    expect(await failure(holdfast.access('', 'all', increment))).toBeInstanceOf(Error)
    expect(await failure(holdfast.open(1 as never, 'all'))).toBeInstanceOf(Error)
    expect(kept.spans.map(({ status, ends }) => [status, ends])).toEqual(Array.from({ length: 4 }, () => ['2', 1]))
    expect(JSON.stringify(kept.spans)).not.toContain('4242')
  })

  test('sessions that are made, moved and ended have spans too, and no span has an id or a value', async () => {
    const holdfast = observed()
    const made = await finish(holdfast.create({ count: 4242 }))
    const moved = await finish(holdfast.rotate(made))
    expect(attributes()).toMatchObject({ 'holdfast.label': 'rotate', 'holdfast.kept': true })
    const again = await finish(holdfast.rotate(moved, increment, { label: 'login' }))
    await finish(holdfast.accessMany(['secret-a', 'secret-b'], 'all', (sessions) => sessions.forEach(increment)))
    expect(await finish(holdfast.session(again).destroy())).toBe(true)
    const labels = kept.spans.map((span) => span.attributes['holdfast.label'])
    expect(labels).toEqual(['create', 'rotate', 'login', 'access', 'destroy'])
    for (const span of kept.spans) expect(span).toMatchObject({ attributes: { 'holdfast.outcome': 'done' }, ends: 1 })
    const told = JSON.stringify(kept.spans)
    expect([made, moved, again, 'secret', '4242'].filter((secret) => told.includes(secret))).toEqual([])
  })

  test('ends with the client', async () => {
    const holdfast = observed()
    await finish(holdfast.close())
    expect(await failure(holdfast.access('a', 'all', increment))).toMatchObject({ code: 'CLOSED' })
    expect(attributes()).toMatchObject({ 'error.type': 'CLOSED' })
  })
})
