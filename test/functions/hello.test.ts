import { connectionKey } from '../../protocol/keys.js'
import { Player, Stage } from './stage.js'

describe('a hello', () => {
  let stage: Stage
  let anna: Player
  beforeEach(async () => {
    stage = new Stage()
    anna = await stage.join('anna')
  })

  const NEXT = 'the next connection'
  const records = () => JSON.stringify([...stage.memory.items('locks')])
  const refused = (code: string, message: string, gen: number) => ({ type: 'refused', code, message, of: 'hello', gen })

  test('over the connection of another process is refused, and takes it from nobody', async () => {
    const bert = new Player('bert')
    const before = stage.memory.getNow('locks', connectionKey(anna.connectionId))
    const problem = 'this connection belongs to another process'
    expect(await stage.hello(bert, anna.connectionId, 1)).toEqual(refused('WRONG_PROCESS', problem, 1))
    expect(stage.memory.getNow('locks', connectionKey(anna.connectionId))).toEqual(before)
    stage.replaceFunctions()
    expect(await stage.send(anna, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
  })

  test.each([
    ['has retired', () => stage.send(anna, { type: 'retire' })],
    ['has no running lease', async () => void (stage.nowMs += stage.timing.leaseMs + 1)],
  ])('of a process that %s is refused, and revives nothing', async (_what, end) => {
    await end()
    await stage.ready(NEXT)
    const before = records()
    const problem = 'this process has no running lease: go on under a new processId'
    expect(await stage.hello(anna, NEXT, 2)).toEqual(refused('EVICTED', problem, 2))
    expect(records()).toBe(before)
  })

  test('that is not the first of a process that is unknown is refused, and makes no record', async () => {
    const bert = new Player('bert')
    await stage.ready(bert.connectionId)
    const before = records()
    expect(await stage.hello(bert, bert.connectionId, 2)).toMatchObject({ code: 'EVICTED', gen: 2 })
    expect(records()).toBe(before)
  })

  test('with another secret is refused, and so is one behind a newer connection', async () => {
    const liar = Object.assign(new Player('liar'), { processId: anna.processId })
    const known = 'this process is known under another secret or principal'
    expect(await stage.hello(liar, NEXT, 2)).toEqual(refused('WRONG_SECRET', known, 2))
    await stage.hello(anna, NEXT, 3)
    const newer = 'this process has a newer connection'
    expect(await stage.hello(anna, 'late', 2)).toEqual(refused('STALE_CONNECTION', newer, 2))
  })

  test('whose write is refused although the record would let it in is to be sent again by a newer connection', async () => {
    const { memory } = stage
    const update = memory.update.bind(memory)
    await stage.ready(NEXT)
    memory.update = async ({ table, key }) => ({ applied: false, item: memory.getNow(table, key) })
    expect(await stage.hello(anna, NEXT, 2)).toMatchObject({ type: 'refused', code: 'STALE_CONNECTION' })
    memory.update = update
    expect(await stage.hello(anna, NEXT, 2)).toMatchObject({ type: 'welcome', gen: 2, v: 1, timing: stage.timing })
  })

  test('over a connection of which nothing is known is refused, and asks for another one', async () => {
    await stage.ready(NEXT)
    stage.memory.removeNow('locks', connectionKey(NEXT))
    const problem = 'the store has no record of who opened this connection: open another one'
    expect(await stage.hello(anna, NEXT, 2)).toEqual(refused('INTERNAL', problem, 2))
  })
})
