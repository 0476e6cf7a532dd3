import { CONNECTION_LIFETIME_MS, RECONNECT_BASE_MS, RECONNECT_MAX_MS } from '../../../client/limits.js'
import type { Clock } from '../../../client/ports.js'
import { Connector } from '../../../client/process/connector.js'
import { Reach } from '../../../client/process/reach.js'
import { PROTOCOL_VERSION } from '../../../protocol/limits.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import { settle, VirtualClock } from '../../support/world.js'
import { type Line, linesTo } from './lines.js'

describe('the connections of a process', () => {
  let clock: VirtualClock
  let lines: Line[]
  let heard: string[]
  let connector: Connector
  let reach: Reach
  beforeEach(() => {
    clock = new VirtualClock()
    lines = []
    heard = []
    reach = new Reach(clock)
    connector = connect(clock)
  })
  afterEach(() => connector.close())

  const connect = (by: Clock) =>
    new Connector(linesTo(lines), by, { token: () => '', fraction: () => 0.5 }, reach, {
      isOver: () => false,
      hello: (gen) => JSON.stringify({ type: 'hello', gen }),
      welcomed: ({ gen }) => heard.push(`welcomed ${gen}`),
      connected: () => heard.push('connected'),
      disconnected: (why) => heard.push(why),
      received: () => {},
      turnedAway: () => {},
      pauseMs: () => undefined,
      evicted: () => heard.push('evicted'),
      copied: () => heard.push('copied'),
      refused: ({ code }) => heard.push(code),
      missed: () => heard.push('missed'),
      unreachable: ({ message }) => heard.push(message),
    })

  const line = (index: number): Line => lines[index] as Line
  const welcome = (index: number): void =>
    line(index).say({
      type: 'welcome',
      v: PROTOCOL_VERSION,
      gen: index + 1,
      leaseMs: DEFAULT_TIMING.leaseMs,
      incarnation: '1',
      timing: DEFAULT_TIMING,
    })
  /** The first connection is in use, and the next is being opened beside it. */
  const rollOver = async (): Promise<void> => {
    await settle()
    welcome(0)
    clock.step(CONNECTION_LIFETIME_MS)
    await settle()
    expect(lines).toHaveLength(2)
    heard = []
  }

  it('a timer that fires although it was cancelled, as after a blocked loop, opens none', async () => {
    const cancelsLate: Clock = {
      wallMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (ms, fire) => {
        clock.after(ms, fire)
        return { cancel: () => {} }
      },
    }
    connector.close()
    connector = connect(cancelsLate)
    await settle()
    line(1).events.closed(undefined)
    connector.close()
    await clock.advance(RECONNECT_MAX_MS)
    expect(lines).toHaveLength(2)
  })

  it('a connection that is cut while the next is being opened is replaced by that one alone', async () => {
    await rollOver()
    line(0).events.closed(undefined)
    expect(connector.isConnected).toBe(false)
    welcome(1)
    await clock.advance(2 * RECONNECT_MAX_MS)
    expect(heard).toEqual(['the connection was closed', 'welcomed 2', 'connected'])
    expect(lines).toHaveLength(2)
  })

  it('a connection that is of no use while the next is being opened is closed, and replaced by that one alone', async () => {
    await rollOver()
    connector.replace('no answer to renewals')
    welcome(1)
    await clock.advance(2 * RECONNECT_MAX_MS)
    expect(line(0).isClosed).toBe(true)
    expect(heard).toEqual(['no answer to renewals', 'welcomed 2', 'connected'])
    expect(lines).toHaveLength(2)
  })

  it('a connection that fails to open beside one in use is nothing to tell, and is tried again', async () => {
    await rollOver()
    line(1).events.closed({ message: 'cannot reach the store', kind: 'setting' })
    expect(heard).toEqual([])
    expect(reach.lastFailure?.message).toBe('cannot reach the store')
    await clock.advance(RECONNECT_BASE_MS)
    welcome(2)
    expect(heard).toEqual(['welcomed 3', 'connected'])
    expect(reach.lastFailure).toBeUndefined()
  })

  it('a welcome that comes after the connection was given up is ignored', async () => {
    await settle()
    line(0).say({ type: 'refused', code: 'INTERNAL', message: 'later', of: 'hello' })
    welcome(0)
    expect(heard).toEqual(['missed'])
    expect(reach.lastFailure?.message).toBe('the store refused this process (INTERNAL): later')
    expect(connector.isConnected).toBe(false)
  })

  it('a connection that retires is waited for until it is closed, and not at all where it is closed', async () => {
    await settle()
    welcome(0)
    const left = connector.leave()
    line(0).isSlow = true
    const retired = jest.fn()
    void left?.retire(1_000).then(retired)
    line(0).say({ type: 'noted', of: 'retire' })
    await settle()
    expect(line(0).isClosed).toBe(true)
    expect(retired).not.toHaveBeenCalled()
    line(0).events.closed(undefined)
    await settle()
    expect(retired).toHaveBeenCalledTimes(1)
    await left?.retire(1_000)
    expect(clock.pending).toBe(0)
  })

  it('all connections are closed with it, and no other is opened', async () => {
    await rollOver()
    welcome(1)
    connector.close()
    expect(lines.every(({ isClosed }) => isClosed)).toBe(true)
    await clock.advance(CONNECTION_LIFETIME_MS)
    expect(lines).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })
})
