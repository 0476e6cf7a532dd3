import { ASKS_MAX } from '../../protocol/limits.js'
import { type Player, Stage, sessionOf } from './stage.js'

describe('the asks that are noted for one process', () => {
  /** The record has room for one ask less than these. */
  const sessions = Array.from({ length: ASKS_MAX + 1 }, (_, index) => sessionOf(`${index}`))
  const [one, another] = sessions.slice(-2) as [string, string]
  let stage: Stage
  let anna: Player
  let bert: Player
  beforeEach(async () => {
    stage = new Stage()
    anna = await stage.join('anna')
    bert = await stage.join('bert')
    for (const session of sessions) await stage.acquire(anna, session)
    for (const session of sessions) await stage.acquire(bert, session)
    for (const session of sessions.slice(0, ASKS_MAX - 1)) await nudge(session)
  })

  const nudge = (session: string) => stage.send(bert, { type: 'acquire', session, r: bert.r, nudge: true })
  const epochOf = (session: string) => stage.lock(session)?.epoch as number
  const renew = async () => {
    const answer = await stage.send(anna, { type: 'renew', n: 1 })
    if (answer.type !== 'renewed') throw new Error(JSON.stringify(answer))
    return { named: new Set(answer.asks.map(({ session }) => session)), more: answer.more }
  }
  const keep = (session: string) => stage.send(anna, { type: 'keep', session, epoch: epochOf(session) })
  const release = (session: string, epoch: number) => stage.send(anna, { type: 'release', session, epoch, r: 1 })

  test('are named by a renewal as far as there is room, and beyond that counted', async () => {
    await nudge(one)
    const named = new Set(sessions.slice(0, -1))
    expect(await renew()).toEqual({ named, more: undefined })
    await nudge(another)
    expect(await renew()).toEqual({ named, more: 1 })
    expect(await renew()).toEqual({ named, more: 1 })
    await nudge(another)
    expect(await renew()).toEqual({ named, more: 2 })
  })

  test('are counted where others have filled the record since it was read', async () => {
    await Promise.all([nudge(one), nudge(another)])
    const { named, more } = await renew()
    expect({ named: named.size, more }).toEqual({ named: ASKS_MAX, more: 1 })
  })

  test('are not counted where another waiter has noted the same one since the record was read', async () => {
    const cleo = await stage.join('cleo')
    await stage.acquire(cleo, one)
    await Promise.all([nudge(one), stage.send(cleo, { type: 'acquire', session: one, r: cleo.r, nudge: true })])
    expect((await renew()).more).toBeUndefined()
  })

  test('make room for others once they are answered', async () => {
    await nudge(one)
    const first = sessions[0] as string
    const epoch = epochOf(first)
    for (let times = 0; times < 2; times += 1) await release(first, epoch)
    await nudge(another)
    expect(await renew()).toEqual({ named: new Set(sessions.slice(1)), more: undefined })
  })

  test('are found by a keep of each session, which is answered with the ask where others wait', async () => {
    expect(await keep(one)).toEqual({ type: 'revoke', session: one, epoch: epochOf(one) })
    await stage.send(bert, { type: 'cancel', session: one, r: bert.r })
    expect(await keep(one)).toEqual({ type: 'noted', of: 'keep', session: one, epoch: epochOf(one) })
  })
})
