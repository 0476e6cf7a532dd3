import { CONNECTION_REMEMBERED_MS, CONNECTIONS_PER_PROCESS_MAX } from '../../protocol/limits.js'
import { Player, Stage } from './stage.js'

describe('the connections of one process', () => {
  let stage: Stage
  let anna: Player
  beforeEach(async () => {
    stage = new Stage()
    anna = await stage.join('anna')
  })

  const connectionOf = (gen: number) => (gen === 1 ? anna.connectionId : new Player(`connection ${gen}`).connectionId)
  const say = (gen: number) => stage.sendOver(connectionOf(gen), { type: 'renew', n: gen })
  const open = (gen: number) => stage.hello(anna, connectionOf(gen), gen)
  const NO_HELLO = { type: 'refused', code: 'NO_HELLO', of: 'renew' }

  test('are as many as may be; one more takes the place of the oldest', async () => {
    for (let gen = 2; gen <= CONNECTIONS_PER_PROCESS_MAX; gen += 1) await open(gen)
    for (let gen = 1; gen <= CONNECTIONS_PER_PROCESS_MAX; gen += 1) expect(await say(gen)).toMatchObject({ n: gen })
    expect(await open(5)).toMatchObject({ type: 'welcome', gen: 5 })
    stage.replaceFunctions()
    expect(await say(1)).toMatchObject(NO_HELLO)
    for (let gen = 2; gen <= 5; gen += 1) expect(await say(gen)).toMatchObject({ type: 'renewed', n: gen })
    await open(6)
    stage.replaceFunctions()
    expect(await say(2)).toMatchObject(NO_HELLO)
    for (let gen = 3; gen <= 6; gen += 1) expect(await say(gen)).toMatchObject({ type: 'renewed', n: gen })
  })

  test('are forgotten by a function that has heard as many newer ones', async () => {
    for (let gen = 1; gen <= CONNECTIONS_PER_PROCESS_MAX; gen += 1) {
      if (gen > 1) await open(gen)
      await say(gen)
    }
    await open(5)
    expect(await say(1)).toMatchObject({ type: 'renewed' })
    await say(5)
    expect(await say(1)).toMatchObject(NO_HELLO)
  })

  test('are forgotten by a function after a time, whatever it has heard', async () => {
    await say(1)
    for (let gen = 2; gen <= 5; gen += 1) await open(gen)
    expect(await say(1)).toMatchObject({ type: 'renewed' })
    stage.nowMs += CONNECTION_REMEMBERED_MS
    expect(await say(1)).toMatchObject(NO_HELLO)
  })

  test('cost one read in that time', async () => {
    await say(1)
    const before = stage.requests
    for (let second = 1; second < 30; second += 1) {
      stage.nowMs += 10_000
      await say(1)
    }
    // Beside it each renewal is a write, and a read of the incarnation.
    expect(stage.requests - before).toBe(2 * 29)
  })

  test('do not displace the one that says hello again and again', async () => {
    await open(2)
    for (let gen = 3; gen <= 20; gen += 1) {
      expect(await stage.hello(anna, connectionOf(2), gen)).toMatchObject({ type: 'welcome', gen })
    }
    stage.replaceFunctions()
    expect(await say(2)).toMatchObject({ type: 'renewed' })
    expect(await say(1)).toMatchObject(NO_HELLO)
  })

  test('stay as they are when a hello is repeated, or comes late', async () => {
    for (let gen = 2; gen <= 4; gen += 1) await open(gen)
    for (let copy = 0; copy < 10; copy += 1) expect(await open(4)).toMatchObject({ type: 'welcome' })
    expect(await open(2)).toMatchObject({ code: 'STALE_CONNECTION' })
    stage.replaceFunctions()
    for (let gen = 1; gen <= 4; gen += 1) expect(await say(gen)).toMatchObject({ type: 'renewed' })
  })

  test('are cleared away by a repeated hello where a function died after its write', async () => {
    for (let gen = 2; gen <= 4; gen += 1) await open(gen)
    const { remove } = stage.memory
    stage.memory.remove = () => Promise.reject(new Error('the function died'))
    expect(await open(5)).toMatchObject({ code: 'INTERNAL' })
    stage.memory.remove = remove
    expect(await open(5)).toMatchObject({ type: 'welcome' })
    stage.replaceFunctions()
    expect(await say(1)).toMatchObject(NO_HELLO)
  })
})
