import { ACQUIRE_ROUNDS_MAX } from '../../protocol/limits.js'
import { taken } from './cloudwatch.js'
import { type Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')

describe('what happens once is counted once', () => {
  let stage: Stage
  let anna: Player
  let bert: Player
  let cleo: Player
  /** Anna holds the session. */
  beforeEach(async () => {
    stage = new Stage()
    ;[anna, bert, cleo] = [await stage.join('anna'), await stage.join('bert'), await stage.join('cleo')]
    await stage.acquire(anna, SESSION)
  })

  const nudge = (player: Player) => stage.send(player, { type: 'acquire', session: SESSION, r: player.r, nudge: true })
  const cancel = (player: Player) => stage.send(player, { type: 'cancel', session: SESSION, r: player.r })
  /** How often CloudWatch takes such a metric, since this was called last. */
  const countOf = (name: string) =>
    stage.lines.splice(0).flatMap((line) => taken(line).filter((value) => value.startsWith(`Holdfast ${name} `))).length
  /** Anna has renewed after each ask, and has not answered for so long that the next nudge evicts it. */
  const isDeaf = async () => {
    for (const waiter of [bert, cleo]) await stage.acquire(waiter, SESSION)
    await nudge(bert)
    for (let renewed = 0; renewed < 4; renewed += 1) {
      stage.nowMs += stage.timing.answerTimeoutMs / 3
      for (const player of [anna, bert, cleo]) await stage.send(player, { type: 'renew', n: 1 })
    }
    stage.lines.length = 0
  }
  /** As DynamoDB answers where others have changed the record: the first writes whose update begins so are refused. */
  const refuse = (update: string, times: number) => {
    const { memory } = stage
    const plain = memory.update.bind(memory)
    let left = times
    memory.update = (write) => {
      if (left === 0 || !write.update.startsWith(update)) return plain(write)
      left -= 1
      return Promise.resolve({ applied: false, item: memory.getNow(write.table, write.key) })
    }
  }

  test('a process that two waiters find deaf at once', async () => {
    await isDeaf()
    await Promise.all([nudge(bert), nudge(cleo)])
    expect(countOf('Evictions')).toBe(1)
    await nudge(cleo)
    expect(countOf('Evictions')).toBe(0)
  })

  test('not a process that retires while it is to be evicted', async () => {
    await isDeaf()
    const { memory } = stage
    const plain = memory.update.bind(memory)
    memory.update = async (write) => {
      memory.update = plain
      await stage.send(anna, { type: 'retire' })
      return plain(write)
    }
    await nudge(bert)
    expect(countOf('Evictions')).toBe(0)
  })

  test('a grant that two copies of a cancel give back at once', async () => {
    await Promise.all([cancel(anna), cancel(anna)])
    expect(countOf('GrantsUnwanted')).toBe(1)
    expect(stage.lock(SESSION)?.holder).toBeUndefined()
  })

  test('a grant that a cancel can give back only after others have changed the record', async () => {
    refuse('SET holder =', ACQUIRE_ROUNDS_MAX + 1)
    expect(await cancel(anna)).toMatchObject({ type: 'noted', of: 'cancel' })
    expect(countOf('GrantsUnwanted')).toBe(1)
    expect(stage.lock(SESSION)?.holder).toBeUndefined()
  })

  test('not a grant that a cancel cannot give back, but once the next one does', async () => {
    refuse('SET holder =', ACQUIRE_ROUNDS_MAX ** 2)
    await cancel(anna)
    expect(stage.lock(SESSION)?.holder?.p).toBe(anna.processId)
    expect(countOf('GrantsUnwanted')).toBe(0)
    await cancel(anna)
    expect(countOf('GrantsUnwanted')).toBe(1)
    expect(stage.lock(SESSION)?.holder).toBeUndefined()
  })

  test('not a grant that was released while its cancel was under way', async () => {
    await Promise.all([cancel(anna), stage.release(anna, SESSION)])
    expect(countOf('GrantsUnwanted')).toBe(0)
  })
})
