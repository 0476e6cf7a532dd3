import { handoffId } from '../../protocol/handoff-id.js'
import { processKey } from '../../protocol/keys.js'
import { type Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const idOf = (epoch: number) => handoffId(SESSION, epoch)

describe('the lines that the runbook asks for', () => {
  let stage: Stage
  let anna: Player
  let bert: Player
  let annaId: string
  let bertId: string
  beforeEach(async () => {
    stage = new Stage()
    ;[anna, bert] = [await stage.join('anna'), await stage.join('bert')]
    ;[annaId, bertId] = [anna.processId, bert.processId]
  })

  const epoch = () => stage.lock(SESSION)?.epoch as number
  const nudge = (player: Player) => stage.send(player, { type: 'acquire', session: SESSION, r: player.r, nudge: true })
  /** Anna holds the session, and Bert waits for it. Returns Anna's epoch. */
  const contended = async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
    stage.logs.length = 0
    return epoch()
  }

  test('of a grant, of a place in the queue and of a handoff', async () => {
    await stage.acquire(anna, SESSION)
    const first = epoch()
    await stage.acquire(bert, SESSION)
    await stage.release(anna, SESSION)
    expect(stage.logs).toEqual([
      { level: 'info', event: 'granted', grant: idOf(first), process: annaId },
      { level: 'info', event: 'queued', handoff: idOf(first), process: bertId, position: 0 },
      { level: 'info', event: 'handedOver', handoff: idOf(first), grant: idOf(first + 1), from: annaId, to: bertId },
    ])
  })

  test('of messages about a grant or a request that is over', async () => {
    const over = await contended()
    await stage.release(anna, SESSION)
    await stage.acquire(bert, SESSION)
    stage.logs.length = 0
    await stage.send(anna, { type: 'release', session: SESSION, epoch: over, r: 1 })
    for (const type of ['busy', 'keep'] as const) await stage.send(anna, { type, session: SESSION, epoch: over })
    await stage.send(bert, { type: 'acquire', session: SESSION, r: 1 })
    const stale = { level: 'info', event: 'stale' }
    expect(stage.logs).toEqual([
      ...['release', 'busy', 'keep'].map((of) => ({ ...stale, of, handoff: idOf(over), process: annaId })),
      { ...stale, of: 'acquire', process: bertId },
    ])
  })

  test('of a reclaim, and of a connection that is gone', async () => {
    const before = await contended()
    stage.memory.removeNow('locks', processKey(annaId))
    const cleo = await stage.join('cleo')
    stage.replaceFunctions()
    stage.gone.add(bert.connectionId)
    await stage.acquire(cleo, SESSION)
    expect(stage.logs).toEqual([
      { level: 'info', event: 'reclaimed', handoff: idOf(before), from: annaId, cause: 'unknown' },
      { level: 'info', event: 'pushGone', of: 'granted', process: bertId },
      { level: 'info', event: 'handedOver', handoff: idOf(before), grant: idOf(before + 1), from: annaId, to: bertId },
      { level: 'info', event: 'queued', handoff: idOf(before + 1), process: cleo.processId, position: 0 },
    ])
  })

  test('of an eviction', async () => {
    await contended()
    await nudge(bert)
    for (let renewed = 0; renewed < 4; renewed += 1) {
      stage.nowMs += stage.timing.answerTimeoutMs / 3
      for (const player of [anna, bert]) await stage.send(player, { type: 'renew', n: 1 })
    }
    stage.logs.length = 0
    await nudge(bert)
    expect(stage.logs).toEqual([
      { level: 'warn', event: 'evicted', handoff: idOf(epoch()), process: annaId },
      { level: 'info', event: 'queued', handoff: idOf(epoch()), process: bertId, position: 0 },
    ])
  })

  test('of a grant that nobody waits for', async () => {
    await stage.acquire(anna, SESSION)
    stage.logs.length = 0
    const before = epoch()
    await stage.send(anna, { type: 'cancel', session: SESSION, r: anna.r })
    expect(stage.logs).toEqual([{ level: 'info', event: 'unwanted', handoff: idOf(before), process: annaId }])
  })

  test.each([
    ['an error', Object.assign(new Error(SESSION), { name: 'TimeoutError' }), 'TimeoutError'],
    ['no error', undefined, undefined],
  ])('of a message that fails with %s, without its text', async (_what, thrown, error) => {
    stage.memory.update = () => Promise.reject(thrown)
    await stage.send(anna, { type: 'retire' })
    expect(stage.logs).toEqual([{ level: 'error', event: 'failed', of: 'retire', error, rule: undefined }])
  })

  test('of a broken rule, by its fixed text', async () => {
    stage.memory.put('locks', processKey(annaId), {})
    stage.memory.update = async () => ({ applied: true, item: undefined })
    await stage.hello(anna, anna.connectionId, 1)
    const rule = 'a process that is greeted has a record'
    expect(stage.logs).toEqual([{ level: 'error', event: 'failed', of: 'hello', error: 'InternalError', rule }])
  })
})
