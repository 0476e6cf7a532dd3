import { INCARNATION_REMEMBERED_MS } from '../../functions/limits.js'
import { startNextIncarnation } from '../../operator/start-next-incarnation.js'
import { num } from '../../protocol/dynamodb.js'
import { INCARNATION_KEY } from '../../protocol/keys.js'
import { type Player, Stage } from './stage.js'

let stage: Stage
let anna: Player
beforeEach(async () => {
  stage = new Stage()
  anna = await stage.join('anna')
})

const raise = () => startNextIncarnation(stage.memory, stage.nowMs)
const renew = async (n = 1) => {
  const answer = await stage.send(anna, { type: 'renew', n })
  return answer.type === 'renewed' ? Number(answer.incarnation) : answer
}

describe('a function', () => {
  test('tells a renewal of a new incarnation within a short time, and not before it reads again', async () => {
    expect(await renew()).toBe(1)
    const next = await raise()
    expect(next).toBe(stage.nowMs)
    stage.nowMs += INCARNATION_REMEMBERED_MS - 1
    expect(await renew(2)).toBe(1)
    stage.nowMs += 1
    expect(await renew(3)).toBe(next)
  })

  test('greets with the incarnation of that moment', async () => {
    expect(await renew()).toBe(1)
    const next = await raise()
    expect(await stage.hello(anna, 'another connection', 2)).toMatchObject({ incarnation: String(next) })
  })

  test('of a new environment tells of it at once', async () => {
    await renew()
    const next = await raise()
    stage.replaceFunctions()
    expect(await renew(2)).toBe(next)
  })

  test('says what to deploy where a newer version wrote the record, and logs it', async () => {
    stage.memory.put('locks', INCARNATION_KEY, { incarnation: num(2), schema: num(2) })
    stage.replaceFunctions()
    const advice = expect.stringContaining(
      'its schema is 2, and this version knows 1: deploy the version that wrote it',
    )
    expect(await renew()).toMatchObject({ type: 'refused', code: 'INTERNAL', of: 'renew', message: advice })
    expect(stage.logs).toMatchObject([{ event: 'failed', of: 'renew', error: 'NewerRecordError', rule: advice }])
  })
})

describe('the next incarnation', () => {
  test('is above every one before, also after the table was emptied', async () => {
    const first = await raise()
    const second = await raise()
    expect(second).toBe(first + 1)
    for (const key of stage.memory.items('locks').keys()) await stage.memory.remove('locks', key)
    stage.nowMs += 10
    expect(await raise()).toBeGreaterThan(second)
  })

  test('of two operators at once is the higher one', async () => {
    const { memory, nowMs } = stage
    const slow = { ...asStore(memory), get: async () => undefined }
    const higher = await startNextIncarnation(memory, nowMs + 5)
    expect(await startNextIncarnation(slow, nowMs)).toBe(higher)
  })
})

const asStore = (memory: Stage['memory']) => ({ update: memory.update.bind(memory) })
