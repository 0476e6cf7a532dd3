import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { HoldfastMessage } from '../../client/index.js'
import type { FunctionLogLine } from '../../local/index.js'
import { handoffId } from '../../protocol/handoff-id.js'
import { taken } from '../functions/cloudwatch.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import { sessionKey } from './tables.js'

interface Counter {
  count: number
}
type Event = 'wanted' | 'released' | 'granted'

describe('the id of a handoff', () => {
  const lines: FunctionLogLine[] = []
  const suite = new LocalStackSuite<Counter>({ environment: NO_RENEWALS, onLog: (line) => lines.push(line) })
  const events: { readonly event: Event; readonly session: string; readonly epoch: number }[] = []
  const listeners = (['wanted', 'released', 'granted'] as const).map((event) => {
    const listen = (message: unknown) => {
      const { session, epoch } = message as HoldfastMessage<Event>
      events.push({ event, session, epoch })
    }
    return { channel: `holdfast:${event}`, listen }
  })
  beforeAll(() => {
    for (const { channel, listen } of listeners) subscribe(channel, listen)
  })
  afterAll(() => {
    for (const { channel, listen } of listeners) unsubscribe(channel, listen)
  })

  const increment = (client: ReturnType<typeof suite.client>) =>
    client.access('followed', { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })

  test('leads from the one who waits, through both functions, to the holder and to the next holder', async () => {
    const [anna, bert] = [suite.client(), suite.client()]
    await increment(anna)
    await increment(bert)
    // What is still on its way ends with this.
    await Promise.all([anna.close(), bert.close()])
    const key = sessionKey('followed')
    const { epoch } = events.find(({ event }) => event === 'wanted') as (typeof events)[number]
    const id = handoffId(key, epoch)
    const found = lines.filter(({ text }) => text.includes(id))
    const told = found.map(({ functionId, text }) => {
      const { event, handoff, process, from, to, grant, requestId } = JSON.parse(text)
      return { functionId, event, handoff, process, from, to, grant, hasRequestId: typeof requestId === 'string' }
    })
    const grant = handoffId(key, epoch + 1)
    expect(told).toMatchObject([
      { functionId: expect.stringContaining('Grant'), event: 'granted', grant: id, hasRequestId: true },
      { functionId: expect.stringContaining('Grant'), event: 'queued', handoff: id, hasRequestId: true },
      { functionId: expect.stringContaining('Release'), event: 'handedOver', handoff: id, grant, hasRequestId: true },
    ])
    const [first, queued, handedOver] = told
    expect(handedOver).toMatchObject({ from: first?.process, to: queued?.process })
    // The events of both clients: those of the holder have the epoch of the id, that of the next holder the one of `grant`.
    const named = events.map((about) => [about.event, handoffId(about.session, about.epoch)])
    expect(named.map(String).toSorted()).toEqual(
      [
        ['granted', id],
        ['granted', grant],
        ['released', id],
        ['released', grant],
        ['wanted', id],
      ]
        .map(String)
        .toSorted(),
    )
    expect(found.flatMap(({ text }) => taken(text).map((value) => value.split(' ')[1]))).toEqual(
      expect.arrayContaining(['AcquireImmediate', 'AcquireQueued', 'HandoffMs', 'WaitMs']),
    )
  })
})
