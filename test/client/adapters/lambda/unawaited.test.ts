import { PassThrough } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import { withHoldfast } from '../../../../client/adapters/lambda/index.js'
import { createHoldfast, type Holdfast } from '../../../../client/index.js'
import { createMemoryStack, type MemoryStack } from '../../../../local/index.js'

interface Shop {
  count: number
}

const ID = 'x'.repeat(43)

describe('calls of a handler of Lambda, and the end of the invocation', () => {
  let stack: MemoryStack
  let client: Holdfast<Shop>
  let other: Holdfast<Shop>
  beforeEach(() => {
    stack = createMemoryStack()
    client = createHoldfast<Shop>({ namespace: 'shop', config: stack.config, holdPolicy: 'perAccess' })
    other = createHoldfast<Shop>({ namespace: 'shop', config: stack.config })
  })
  afterEach(() => stack.stop())

  const context = () => ({ getRemainingTimeInMillis: () => 5_000 })
  const increment = ({ state }: { readonly state: Partial<Shop> }) => {
    state.count = (state.count ?? 0) + 1
    return state.count
  }
  const count = async () => (await other.peek(ID))?.state.count ?? 0
  const wrap = <R>(handler: Parameters<typeof withHoldfast<Shop, string, R>>[1]) =>
    withHoldfast<Shop, string, R>(client, handler)
  /** Another process has the session at once. */
  const freed = () => other.access(ID, 'all', () => {}, { timeoutMs: 1_000 })

  it('fails the invocation where an access that was not awaited fails', async () => {
    const handler = wrap((_event, _context, holdfast) => {
      void holdfast.access(ID, 'all', async (session) => {
        await after(10)
        session.state.count = Number.NaN
      })
      return 'early'
    })
    await expect(handler('', context())).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await freed()
  })

  it('fails the invocation, and not the process, where one has failed that nobody asked for', async () => {
    const handler = wrap(async (_event, _context, holdfast) => {
      void holdfast.access(ID, 'all', () => Promise.reject(new Error('of the work')))
      void holdfast.destroy('')
      await after(20)
      return holdfast.access(ID, 'all', increment)
    })
    await expect(handler('', context())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await freed()
    expect(await count()).toBe(1)
  })

  it('leaves a failure to the handler that asks for it, whenever that is', async () => {
    const seen: unknown[] = []
    const handler = wrap(async (_event, _context, holdfast) => {
      const failing = () => holdfast.access(ID, 'all', () => Promise.reject(new Error('of the work')))
      const first = failing()
      void failing().catch((error: Error) => seen.push(error.message))
      const all = await Promise.allSettled([failing(), failing()])
      await after(20)
      seen.push(await first.catch((error: Error) => error.message), all.length)
      await first.finally(() => seen.push('last')).catch(() => {})
      return 'done'
    })
    expect(await handler('', context())).toBe('done')
    expect(seen).toEqual(['of the work', 'of the work', 2, 'last'])
  })

  it('runs in a handler whose response is streamed', async () => {
    const stream = new PassThrough()
    const streamed = (event: string, body: PassThrough, invoked: { getRemainingTimeInMillis(): number }) =>
      withHoldfast<Shop, string, void>(client, async (_event, _context, holdfast) => {
        body.write(`${event} ${await holdfast.access(ID, { write: ['count'] }, increment)}`)
        body.end()
      })(event, invoked)
    await streamed('count', stream, context())
    expect(stream.read().toString()).toBe('count 1')
    expect(await count()).toBe(1)
    await freed()
  })
})
