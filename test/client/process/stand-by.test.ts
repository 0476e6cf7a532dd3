import {
  STAND_BY_ANSWER_MS,
  STAND_BY_FRESH_MS,
  STAND_BY_PERIOD_MS,
  STAND_BY_SPREAD_MS,
} from '../../../client/limits.js'
import { StandBy } from '../../../client/process/stand-by.js'
import { settle, VirtualClock } from '../../support/world.js'
import { type Line, linesTo } from './lines.js'

/** The longest time from one connection that stands by to the next: the randomness of these tests is fixed. */
const PERIOD_MS = STAND_BY_PERIOD_MS * (1 - 0.5 / 4)

describe('a connection that stands by', () => {
  let clock: VirtualClock
  let lines: Line[]
  let standBy: StandBy
  let heard: string[]
  beforeEach(() => {
    clock = new VirtualClock()
    lines = []
    heard = []
    standBy = new StandBy(linesTo(lines), clock, { token: () => '', fraction: () => 0.5 })
  })
  afterEach(() => standBy.end())

  const open = () =>
    standBy.open({
      opened: () => void heard.push('opened'),
      received: (text) => void heard.push(text),
      closed: () => void heard.push('closed'),
    })
  const closed = () => lines.map(({ isClosed }) => isClosed)
  const begin = async () => {
    standBy.begin()
    await clock.advance(STAND_BY_SPREAD_MS / 2)
  }

  it('is opened once, says nothing, and is given to the process that opens one', async () => {
    standBy.begin()
    await clock.advance(STAND_BY_SPREAD_MS / 2 - 1)
    expect(lines).toHaveLength(0)
    await clock.advance(1)
    standBy.begin()
    expect(standBy.isReady).toBe(true)
    const socket = open()
    expect(heard).toEqual([])
    await settle()
    socket.send('{"type":"hello"}')
    lines[0]?.events.received('an answer')
    socket.close()
    expect(heard).toEqual(['opened', 'an answer', 'closed'])
    expect(lines).toHaveLength(1)
    expect(lines[0]?.sent).toEqual([{ type: 'hello' }])
    await clock.advance(10 * STAND_BY_PERIOD_MS)
    expect(lines).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('is given up where nothing is heard over it: it may have been cut, and this side not know it', async () => {
    await begin()
    open()
    await clock.advance(STAND_BY_ANSWER_MS - 1)
    expect(heard).toEqual(['opened'])
    await clock.advance(1)
    expect(heard).toEqual(['opened', 'closed'])
    expect(closed()).toEqual([true])
    lines[0]?.events.received('too late')
    expect(heard).toEqual(['opened', 'closed'])
    expect(clock.pending).toBe(0)
  })

  it('is kept from its first answer on', async () => {
    await begin()
    open()
    await settle()
    lines[0]?.events.received('an answer')
    await clock.advance(10 * STAND_BY_ANSWER_MS)
    expect(heard).toEqual(['opened', 'an answer'])
  })

  it('is replaced every few minutes, and closed when the next one is open', async () => {
    await begin()
    await clock.advance(PERIOD_MS - 1)
    expect(closed()).toEqual([false])
    await clock.advance(1)
    expect(closed()).toEqual([true, false])
    expect(standBy.isReady).toBe(true)
    await clock.advance(3_600_000)
    expect(lines.length).toBeLessThanOrEqual(2 + 3_600_000 / PERIOD_MS)
    expect(closed().filter((isClosed) => !isClosed)).toHaveLength(1)
  })

  it('is not used where it has been closed: another is opened', async () => {
    await begin()
    lines[0]?.events.closed(undefined)
    expect(standBy.isReady).toBe(false)
    open()
    await settle()
    expect(lines).toHaveLength(2)
    expect(heard).toEqual(['opened'])
  })

  it.each([
    ['the process stood still', () => clock.freeze(STAND_BY_FRESH_MS)],
    [
      'the wall clock alone went on',
      () => {
        const wallMs = clock.wallMs.bind(clock)
        clock.wallMs = () => wallMs() + STAND_BY_FRESH_MS
      },
    ],
  ])('is not used where %s', async (_, passes) => {
    await begin()
    passes()
    expect(standBy.isReady).toBe(false)
    open()
    await settle()
    expect(lines).toHaveLength(2)
    expect(closed()).toEqual([true, false])
  })

  it('tells nobody that it is open where it has been closed in that moment', async () => {
    await begin()
    open()
    lines[0]?.events.closed(undefined)
    await settle()
    expect(heard).toEqual(['closed'])
  })

  it('stays while the next one cannot be opened, until it is old', async () => {
    const passes = { isOpen: true }
    const transport = linesTo(lines)
    standBy = new StandBy(
      {
        open: (user) => {
          const { isOpen } = passes
          return transport.open({ ...user, opened: () => (isOpen ? user.opened() : user.closed(undefined)) })
        },
      },
      clock,
      { token: () => '', fraction: () => 0.5 },
    )
    await begin()
    passes.isOpen = false
    await clock.advance(PERIOD_MS + 1)
    expect(standBy.isReady).toBe(true)
    await clock.advance(STAND_BY_FRESH_MS - PERIOD_MS)
    expect(standBy.isReady).toBe(false)
    passes.isOpen = true
    await clock.advance(PERIOD_MS)
    expect(standBy.isReady).toBe(true)
  })

  it('is closed, and the one that is to replace it, when none is needed any more', async () => {
    await begin()
    await clock.advance(PERIOD_MS - 1)
    clock.step(1)
    standBy.end()
    expect(closed()).toEqual([true, true])
    await settle()
    expect(standBy.isReady).toBe(false)
    expect(clock.pending).toBe(0)
  })
})
