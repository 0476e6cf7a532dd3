import { lockKey, processKey } from '../../protocol/keys.js'
import { readProcess } from '../../protocol/process/record.js'
import { compileTiming, type Timing } from '../../protocol/timing.js'
import { type Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const BEFORE = compileTiming()

let stage: Stage
let anna: Player
let bert: Player
beforeEach(async () => {
  stage = new Stage()
  ;[anna, bert] = [await stage.join('anna'), await stage.join('bert')]
})

/** From now on functions of this timing serve. */
const deploy = (timing: Partial<Timing>) => {
  stage.timing = compileTiming(timing)
  stage.replaceFunctions()
}
const renew = (player: Player) => stage.send(player, { type: 'renew', n: 1 })
const termsOf = (player: Player) => {
  const process = readProcess(stage.memory.getNow('locks', processKey(player.processId)))
  return [process?.terms.maxBusyMs, process?.terms.answerTimeoutMs, process?.terms.storeMarginMs]
}
const isWaitedFor = async () => {
  await stage.acquire(anna, SESSION)
  await stage.acquire(bert, SESSION)
}
const nudge = () => stage.send(bert, { type: 'acquire', session: SESSION, r: bert.r, nudge: true })

describe('a change of the timing', () => {
  test('is told with the next renewal, when the terms are on record', async () => {
    deploy({ maxBusyMs: 40_000, storeMarginMs: 800, answerTimeoutMs: 50_000 })
    expect(await renew(anna)).toMatchObject({ type: 'renewed', timing: stage.timing })
    expect(termsOf(anna)).toEqual([40_000, 50_000, 800])
    expect(termsOf(bert)).toEqual([BEFORE.maxBusyMs, BEFORE.answerTimeoutMs, BEFORE.storeMarginMs])
  })

  test('is told with a hello, too, when the terms are on record', async () => {
    deploy({ storeMarginMs: 800 })
    expect(await stage.hello(anna, 'another connection', 2)).toMatchObject({ type: 'welcome', timing: stage.timing })
    expect(termsOf(anna)).toEqual([BEFORE.maxBusyMs, BEFORE.answerTimeoutMs, 800])
  })

  test('to shorter times leaves a process the longer ones that it was told', async () => {
    deploy({ maxBusyMs: 10_000, storeMarginMs: 700 })
    await renew(anna)
    expect(termsOf(anna)).toEqual([BEFORE.maxBusyMs, BEFORE.answerTimeoutMs, BEFORE.storeMarginMs])
  })

  test.each([
    ['shorter', { maxBusyMs: 10_000 }, BEFORE.maxBusyMs],
    ['longer', { maxBusyMs: 40_000 }, 40_000],
  ])('to a %s busy time gives a busy holder the longer one', async (_, timing, ms) => {
    await isWaitedFor()
    deploy(timing)
    const { epoch = 0 } = stage.lock(SESSION) ?? {}
    await stage.send(anna, { type: 'busy', session: SESSION, epoch })
    expect(stage.lock(SESSION)?.busyUntil).toBe(stage.nowMs + ms)
  })

  test('gives a holder that was told of a longer busy time that one in functions of the time before, too', async () => {
    await isWaitedFor()
    deploy({ maxBusyMs: 40_000 })
    await renew(anna)
    deploy({})
    const { epoch = 0 } = stage.lock(SESSION) ?? {}
    await stage.send(anna, { type: 'busy', session: SESSION, epoch })
    expect(stage.lock(SESSION)?.busyUntil).toBe(stage.nowMs + 40_000)
  })

  test('to a smaller margin of the store takes no lock before the margin that its holder was told', async () => {
    await isWaitedFor()
    deploy({ storeMarginMs: 300, clockErrorMs: 200 })
    stage.nowMs += BEFORE.leaseMs + BEFORE.storeMarginMs
    expect(await nudge()).toMatchObject({ type: 'queued' })
    stage.nowMs += 1
    expect(await nudge()).toMatchObject({ type: 'granted' })
  })

  test('to a shorter time for answers evicts no holder that was told a longer one', async () => {
    await isWaitedFor()
    await nudge()
    const askedAtMs = stage.nowMs
    deploy({ leaseMs: 5_000, nudgeAfterMs: 500, roundTripMs: 1_000 })
    const holder = () => stage.memory.getNow('locks', processKey(anna.processId))
    const nudgeAfter = async (ms: number) => {
      while (stage.nowMs < askedAtMs + ms) {
        stage.nowMs = Math.min(stage.nowMs + 1_000, askedAtMs + ms)
        for (const player of [anna, bert]) await renew(player)
      }
      await nudge()
    }
    for (const ms of [10_000, 20_000, BEFORE.answerTimeoutMs]) {
      await nudgeAfter(ms)
      expect(holder()?.evictedAt).toBeUndefined()
    }
    await nudgeAfter(BEFORE.answerTimeoutMs + 1)
    expect(holder()?.evictedAt).toBeDefined()
  })

  test.each([
    ['longer', 60_000, BEFORE.leaseMs],
    ['shorter', 5_000, 5_000],
  ])('to a %s lease promises none by a copy of a hello that the record does not cover', async (_, leaseMs, told) => {
    deploy({ leaseMs })
    const again = await stage.hello(anna, anna.connectionId, 1)
    expect(again).toMatchObject({ type: 'welcome', leaseMs: told, timing: { leaseMs } })
  })

  test('to a shorter lease leaves the longer one on record', async () => {
    const leaseUntil = () => stage.memory.getNow('locks', processKey(anna.processId))?.leaseUntil
    const before = leaseUntil()
    deploy({ leaseMs: 5_000 })
    expect(await renew(anna)).toMatchObject({ type: 'renewed', leaseMs: 5_000 })
    expect(leaseUntil()).toEqual(before)
  })

  test('has terms put on record by every function, though the version before wrote none', async () => {
    const key = processKey(anna.processId)
    const { maxBusyMs: _b, answerTimeoutMs: _a, storeMarginMs: _s, ...former } = stage.memory.getNow('locks', key) ?? {}
    stage.memory.put('locks', key, former)
    await renew(anna)
    expect(termsOf(anna)).toEqual([BEFORE.maxBusyMs, BEFORE.answerTimeoutMs, BEFORE.storeMarginMs])
    expect(stage.memory.getNow('locks', lockKey(SESSION))).toBeUndefined()
  })
})
