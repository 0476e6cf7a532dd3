import { takeTurn } from '../../cli/lock/turn.js'
import type { SocketEvents, Transport } from '../../client/ports.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'

const SESSION = `shop#${'s'.repeat(43)}`
const TIMEOUT_MS = 60_000
const WELCOME: StoreMessage = {
  type: 'welcome',
  v: 1,
  gen: 1,
  leaseMs: DEFAULT_TIMING.leaseMs,
  incarnation: '1',
  timing: DEFAULT_TIMING,
}
const GRANTED: StoreMessage = { type: 'granted', session: SESSION, r: 1, epoch: 7, contended: false }
const RELEASED: StoreMessage = { type: 'released', session: SESSION, epoch: 7 }

describe('one that waits for its turn at a session, to give it back', () => {
  let events: SocketEvents
  let sent: ClientMessage[]
  let isClosed: boolean
  const transport: Transport = {
    open: (given) => {
      events = given
      return {
        send: (text) => void sent.push(JSON.parse(text)),
        close: () => {
          isClosed = true
        },
      }
    },
  }
  beforeEach(() => {
    jest.useFakeTimers()
    sent = []
    isClosed = false
  })
  afterEach(() => jest.useRealTimers())

  const hear = (...messages: StoreMessage[]) => {
    for (const message of messages) events.received(JSON.stringify(message))
  }
  const types = () => sent.splice(0).map(({ type }) => type)
  /** Says hello, is welcome, and asks. */
  const begin = () => {
    const turn = takeTurn(transport, SESSION, TIMEOUT_MS)
    // Looked at later, and settled before.
    turn.catch(() => {})
    events.opened()
    hear(WELCOME)
    return turn
  }

  test('gives it back as soon as it is granted, retires, and leaves nothing', async () => {
    const turn = begin()
    hear({ type: 'queued', session: SESSION, r: 1, position: 0, nudgeAfterMs: 2_000 }, GRANTED, GRANTED, RELEASED)
    await expect(turn).resolves.toBeUndefined()
    expect(types()).toEqual(['hello', 'acquire', 'release', 'retire'])
    expect(isClosed).toBe(true)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('renews and asks again while it waits, and takes its place back when it is late', async () => {
    const turn = begin()
    jest.advanceTimersByTime(TIMEOUT_MS - 1)
    expect(new Set(types())).toEqual(new Set(['hello', 'acquire', 'renew']))
    jest.advanceTimersByTime(1)
    await expect(turn).rejects.toMatchObject({ code: 'LOCK_NOT_GRANTED' })
    expect(types()).toEqual(['cancel', 'retire'])
    expect(jest.getTimerCount()).toBe(0)
  })

  test('says a release again that is not answered', async () => {
    const turn = begin()
    hear(GRANTED)
    types()
    jest.advanceTimersByTime(2_000)
    hear(RELEASED)
    await expect(turn).resolves.toBeUndefined()
    expect(types()).toEqual(['release', 'retire'])
  })

  test('goes on where the store cannot do it now, and where the gateway answers by itself', async () => {
    const turn = begin()
    hear({ type: 'refused', code: 'BUSY_RECORD', message: 'now', of: 'acquire', session: SESSION, r: 1 })
    events.received('{"message":"Too Many Requests","connectionId":"c","requestId":"r"}')
    events.received('no JSON')
    hear(GRANTED, RELEASED)
    await expect(turn).resolves.toBeUndefined()
  })

  test('ends where the store will not have it, and where the connection ends', async () => {
    const refused = begin()
    hear({ type: 'refused', code: 'FORBIDDEN', message: 'not here', of: 'acquire', session: SESSION, r: 1 })
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const cut = begin()
    events.closed({ message: 'cut', kind: 'passing' })
    await expect(cut).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(jest.getTimerCount()).toBe(0)
  })
})
