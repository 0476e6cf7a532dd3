import { lockKey } from '../../protocol/keys.js'
import { lockItem, seat } from '../store/fixtures.js'
import { type Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('cart')

describe('a lock record that no write of the protocol leaves behind', () => {
  let stage: Stage
  let anna: Player

  beforeEach(async () => {
    stage = new Stage()
    anna = await stage.join('anna')
  })

  /** What is wrong, and the fields of such a record. */
  const damaged = () => ({
    'waiters without a holder': lockItem({ waiters: [seat(anna.processId, 1)] }),
    'a waiter twice': lockItem({ holder: seat('bert', 1), waiters: [seat('cleo', 1), seat('cleo', 2)] }),
    'a holder that waits behind itself': lockItem({
      holder: seat(anna.processId, 1),
      waiters: [seat(anna.processId, 2)],
    }),
    'another schema': { ...lockItem({}), schema: { N: '2' } },
  })

  test('grants nothing, stays as it is, and is answered with INTERNAL', async () => {
    for (const [problem, item] of Object.entries(damaged())) {
      stage.memory.put('locks', lockKey(SESSION), item)
      const before = stage.memory.getNow('locks', lockKey(SESSION))
      const { processId } = anna
      for (const body of [
        { type: 'acquire', session: SESSION, r: 9, nudge: true },
        { type: 'cancel', session: SESSION, r: 9 },
        { type: 'busy', session: SESSION, epoch: 5 },
      ]) {
        const answer = await stage.say(anna.connectionId, JSON.stringify(body))
        expect([problem, answer]).toEqual([problem, expect.objectContaining({ type: 'refused', code: 'INTERNAL' })])
      }
      expect(stage.memory.getNow('locks', lockKey(SESSION))).toEqual(before)
      expect(JSON.stringify(stage.logs)).not.toContain(processId)
    }
    expect(stage.logs.every(({ error }) => /^(Corrupt|Newer)RecordError$/.test(String(error)))).toBe(true)
    expect(JSON.stringify(stage.logs)).not.toContain(SESSION)
  })

  test('costs no other session anything', async () => {
    stage.memory.put('locks', lockKey(SESSION), damaged()['a waiter twice'])
    await stage.acquire(anna, SESSION)
    expect(await stage.acquire(anna, sessionOf('other'))).toMatchObject({ type: 'granted' })
    expect(await stage.send(anna, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
  })
})
