import type { Holdfast } from '../../../client/holdfast.js'
import { HANDED_OVER_MAX } from '../../../client/limits.js'
import { compileOptions, type HoldfastOptions } from '../../../client/options/client-options.js'
import { HandedOverSessions } from '../../../client/session/handed-over.js'
import { VirtualClock, World } from '../../support/world.js'

const CONFIG = { url: 'wss://world.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
const compiled = (options: Partial<HoldfastOptions>) =>
  compileOptions({ config: CONFIG, namespace: 't', ...options }, {})

describe('the sessions that a process has released to others', () => {
  it('are remembered for as long as the other process keeps them unused, and once', async () => {
    const clock = new VirtualClock()
    const sessions = new HandedOverSessions(clock, compiled({ idleReleaseMs: 10_000 }))
    sessions.note('a', 2)
    sessions.note('b', 0)
    await clock.advance(9_999)
    expect(sessions.take('a')).toBe(2)
    expect(sessions.take('a')).toBeUndefined()
    await clock.advance(1)
    expect(sessions.take('b')).toBeUndefined()
  })

  it('are bounded: the one that was released longest ago is forgotten', () => {
    const sessions = new HandedOverSessions(new VirtualClock(), compiled({}))
    for (let index = 0; index < HANDED_OVER_MAX; index += 1) sessions.note(`${index}`, 0)
    sessions.note('0', 1)
    sessions.note('one more', 0)
    expect(['0', '1', '2', 'one more'].map((session) => sessions.take(session))).toEqual([1, undefined, 0, 0])
  })

  it('are not remembered where nobody keeps a session', () => {
    const sessions = new HandedOverSessions(new VirtualClock(), compiled({ holdPolicy: 'perAccess' }))
    sessions.note('a', 0)
    expect(sessions.take('a')).toBeUndefined()
  })
})

describe('an acquire', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const touch = (client: Holdfast<Record<string, unknown>>) => world.finish(client.access('an id', 'all', () => {}))
  const acquires = () =>
    world.traffic.sent.map((text) => JSON.parse(text)).filter(({ type }: { type: string }) => type === 'acquire')

  it('says how many waited for the process that the session went to', async () => {
    const [first, second] = [world.client(), world.client()]
    for (const client of [first, second, first, second]) await touch(client)
    expect(acquires().map(({ waiters }) => waiters)).toEqual([undefined, undefined, 0, 0])
  })

  it('is made again without it where a function of an earlier version refuses it', async () => {
    const [first, second] = [world.client(), world.client()]
    for (const client of [first, second]) await touch(client)
    world.refusalOf = (text) => ('waiters' in JSON.parse(text) ? 'MALFORMED' : undefined)
    await touch(first)
    expect(acquires().map(({ waiters }) => waiters)).toEqual([undefined, undefined, 0, undefined])
  })

  it('does not say so of a session that was released to nobody, nor in a nudge', async () => {
    const [first, second] = [world.client(), world.client()]
    for (const client of [first, second]) await touch(client)
    await world.finish(second.release('an id'))
    await touch(second)
    world.onSend = (text) => !text.includes('"acquire"') || text.includes('"nudge"')
    await world.finish(
      first.access('an id', 'all', () => {}),
      10_000,
    )
    expect(acquires().map(({ waiters }) => waiters)).toEqual([undefined, undefined, undefined, 0, undefined])
  })
})
