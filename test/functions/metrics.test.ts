import { FUNCTION_ENVIRONMENT } from '../../bench/start/bundles.js'
import { processKey } from '../../protocol/keys.js'
import { WAITERS_MAX } from '../../protocol/limits.js'
import { METRICS, type ReclaimCause } from '../../protocol/metrics.js'
import { AwsStage } from './aws-stage.js'
import { taken } from './cloudwatch.js'
import { Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const HASH = SESSION.slice('game#'.length)

describe('the metrics of the functions', () => {
  let stage: Stage
  let anna: Player
  let bert: Player
  beforeEach(async () => {
    stage = new Stage()
    ;[anna, bert] = [await stage.join('anna'), await stage.join('bert')]
  })

  const nudge = (player: Player) => stage.send(player, { type: 'acquire', session: SESSION, r: player.r, nudge: true })
  const epoch = () => stage.lock(SESSION)?.epoch as number
  const later = (ms: number) => {
    stage.nowMs += ms
  }
  const leaseIsOver = () => later(stage.timing.leaseMs + stage.timing.storeMarginMs + 1)
  const renew = (player: Player) => stage.send(player, { type: 'renew', n: 1 })
  /** Anna holds the session, and Bert waits for it. */
  const contended = async () => {
    await stage.acquire(anna, SESSION)
    await stage.acquire(bert, SESSION)
  }
  /** What CloudWatch takes since this was called last, without namespace and API. */
  const takenNow = () =>
    stage.lines
      .splice(0)
      .flatMap(taken)
      .map((value) =>
        value
          .replace(/^Holdfast /, '')
          .replace('api=stage/live', '')
          .trim(),
      )

  test('AcquireQueued, from the handler to the line that CloudWatch takes', async () => {
    await stage.acquire(anna, SESSION)
    stage.lines.length = 0
    await stage.acquire(bert, SESSION)
    const directive = (name: string) =>
      `{"Namespace":"Holdfast","Dimensions":[["api"]],"Metrics":[{"Name":"${name}","Unit":"Count"}]}`
    expect(stage.lines).toEqual([
      `{"_aws":{"Timestamp":${stage.nowMs},"CloudWatchMetrics":[${directive('AcquireQueued')},` +
        `${directive('QueueDepthMax')},${directive('RevokesSent')}]},"api":"stage/live","level":"info",` +
        `"event":"queued","handoff":"${HASH.slice(0, 8)}-${epoch()}","process":"${bert.processId}","position":0,` +
        '"AcquireQueued":1,"QueueDepthMax":1,"RevokesSent":1}',
    ])
  })

  test('HandoffMs and WaitMs, from the handler to the line that CloudWatch takes', async () => {
    await contended()
    const before = epoch()
    later(1234)
    stage.lines.length = 0
    await stage.release(anna, SESSION)
    const directive = (name: string) =>
      `{"Namespace":"Holdfast","Dimensions":[["api"]],"Metrics":[{"Name":"${name}","Unit":"Milliseconds"}]}`
    expect(stage.lines).toEqual([
      `{"_aws":{"Timestamp":${stage.nowMs},"CloudWatchMetrics":[${directive('HandoffMs')},${directive('WaitMs')}]},` +
        '"api":"stage/live","level":"info","event":"handedOver",' +
        `"handoff":"${HASH.slice(0, 8)}-${before}","grant":"${HASH.slice(0, 8)}-${before + 1}",` +
        `"from":"${anna.processId}","to":"${bert.processId}","HandoffMs":0,"WaitMs":1234}`,
    ])
  })

  test('HandoffMs counts from when the gateway received the message', async () => {
    await contended()
    stage.lines.length = 0
    const release = JSON.stringify({ type: 'release', session: SESSION, epoch: epoch(), r: 1 })
    await stage.say(anna.connectionId, release, stage.nowMs - 40)
    expect(takenNow()).toEqual(['HandoffMs 40 Milliseconds', 'WaitMs 0 Milliseconds'])
  })

  const fresh = ['AcquireQueued 1 Count', 'QueueDepthMax 1 Count', 'RevokesSent 1 Count']
  const handoff = ['HandoffMs 0 Milliseconds', expect.stringMatching(/^WaitMs \d+ Milliseconds$/)]
  const reclaim = (cause: ReclaimCause) => ['Reclaims 1 Count', `Reclaims 1 Count  cause=${cause}`]
  const cases: Record<string, readonly [act: () => Promise<unknown>, expected: readonly unknown[]]> = {
    'a free session': [() => stage.acquire(anna, SESSION), ['AcquireImmediate 1 Count']],
    'a session that another process holds': [contended, ['AcquireImmediate 1 Count', ...fresh]],
    'a request that is repeated': [
      async () => {
        await contended()
        takenNow()
        await nudge(bert)
      },
      ['RevokesRepeated 1 Count'],
    ],
    'a holder that has died, and the waiter before': [
      async () => {
        await contended()
        leaseIsOver()
        const cleo = await stage.join('cleo')
        takenNow()
        await stage.acquire(cleo, SESSION)
      },
      [...reclaim('leaseOver'), ...reclaim('nextHolderGone'), ...handoff, 'AcquireImmediate 1 Count'],
    ],
    'a holder that has retired': [
      async () => {
        await contended()
        await stage.send(anna, { type: 'retire' })
        later(stage.timing.storeMarginMs + 1)
        takenNow()
        await nudge(bert)
      },
      [...reclaim('ended'), ...handoff],
    ],
    'a holder without a record': [
      async () => {
        await contended()
        await stage.memory.remove('locks', processKey(anna.processId))
        takenNow()
        await nudge(bert)
      },
      [...reclaim('unknown'), ...handoff],
    ],
    'a holder whose busy time is over': [
      async () => {
        await contended()
        await stage.send(anna, { type: 'busy', session: SESSION, epoch: epoch() })
        for (let renewed = 0; renewed < 8; renewed += 1) {
          later(stage.timing.maxBusyMs / 4)
          await renew(anna)
          await renew(bert)
        }
        takenNow()
        await nudge(bert)
      },
      [...reclaim('busyOver'), ...handoff],
    ],
    'a holder that does not answer': [
      async () => {
        await contended()
        await nudge(bert)
        for (let renewed = 0; renewed < 4; renewed += 1) {
          later(stage.timing.answerTimeoutMs / 3)
          await renew(anna)
        }
        takenNow()
        await nudge(bert)
      },
      ['Evictions 1 Count', 'RevokesRepeated 1 Count'],
    ],
    'a connection that is gone': [
      async () => {
        await stage.acquire(anna, SESSION)
        stage.gone.add(anna.connectionId)
        takenNow()
        await stage.acquire(bert, SESSION)
      },
      ['PushGone 1 Count', ...fresh],
    ],
    'a full queue': [
      async () => {
        await stage.acquire(anna, SESSION)
        stage.fillQueue(SESSION, anna)
        takenNow()
        await stage.acquire(bert, SESSION)
      },
      ['AcquireQueued 1 Count', `QueueDepthMax ${WAITERS_MAX + 1} Count`, 'RevokesSent 1 Count', 'QueueFull 1 Count'],
    ],
    'messages about a grant that is over': [
      async () => {
        await contended()
        const over = { session: SESSION, epoch: epoch() }
        await stage.release(anna, SESSION)
        await stage.send(bert, { type: 'acquire', session: SESSION, r: bert.r + 1 })
        takenNow()
        await stage.send(anna, { type: 'release', ...over, r: 1 })
        for (const type of ['busy', 'keep'] as const) await stage.send(anna, { type, ...over })
        await stage.send(bert, { type: 'acquire', session: SESSION, r: 1 })
      },
      ['StaleMessages 1 Count', 'StaleMessages 1 Count', 'StaleMessages 1 Count', 'StaleMessages 1 Count'],
    ],
    'a grant that came too late': [
      async () => {
        await contended()
        await stage.release(anna, SESSION)
        takenNow()
        await stage.send(bert, { type: 'cancel', session: SESSION, r: bert.r })
      },
      ['GrantsUnwanted 1 Count'],
    ],
    'nothing to say: what a process sends while nobody waits': [
      async () => {
        await stage.acquire(anna, SESSION)
        takenNow()
        // The same again, because its answer was lost.
        await stage.send(anna, { type: 'acquire', session: SESSION, r: anna.r })
        await renew(anna)
        await stage.send(anna, { type: 'keep', session: SESSION, epoch: epoch() })
        await stage.release(anna, SESSION)
        await stage.send(anna, { type: 'retire' })
      },
      [],
    ],
  }
  test.each(Object.entries(cases))('%s', async (_name, [act, expected]) => {
    await act()
    expect(takenNow()).toEqual(expected)
  })

  test('are all taken in these cases, but for WaitMs, above, and RefusedByCode, below', () => {
    const seen = Object.values(cases).flatMap(([, expected]) =>
      expected.map((value) => String(value).match(/\w+Ms|\w+/)),
    )
    const inCases = new Set(seen.map((found) => found?.[0]))
    const others = Object.keys(METRICS).filter((name) => !inCases.has(name))
    expect(others).toEqual(['WaitMs', 'RefusedByCode'])
  })

  test('are left out of the log where the deployment has none', async () => {
    stage.hasMetrics = false
    stage.replaceFunctions()
    await contended()
    await stage.release(anna, SESSION)
    expect(stage.lines.flatMap(taken)).toEqual([])
    expect(stage.lines.map((line) => JSON.parse(line).event)).toEqual(['granted', 'queued', 'handedOver'])
  })

  test('name no session beyond 8 characters of its hash, and no namespace', async () => {
    for (const [act] of Object.values(cases)) await act().catch(() => {})
    expect(stage.lines.join('\n')).toContain(HASH.slice(0, 8))
    expect(stage.lines.join('\n')).not.toContain(HASH.slice(0, 9))
    expect(stage.lines.join('\n')).not.toContain('game')
  })
})

describe('what a function writes to its standard output', () => {
  const stage = new AwsStage()

  test('is one line for a refusal, with the id of the request, and nothing before or after it', async () => {
    stage.lines.length = 0
    await stage.sendRaw({ connectionId: 'c', requestId: 'Rq0=' }, '{"type":"nonsense"}')
    expect(stage.lines).toHaveLength(1)
    expect(stage.lines[0]).toMatch(/^\{"_aws".*\}\n$/)
    expect(JSON.parse(stage.lines[0] as string)).toMatchObject({
      event: 'refused',
      code: 'UNKNOWN_TYPE',
      requestId: 'Rq0=',
    })
    const api = `api=${FUNCTION_ENVIRONMENT.HOLDFAST_API}`
    expect(taken(stage.lines[0] as string)).toEqual([
      `Holdfast RefusedByCode 1 Count ${api}`,
      `Holdfast RefusedByCode 1 Count ${api} code=UNKNOWN_TYPE`,
    ])
  })

  test('has no metrics where the deployment has none', async () => {
    process.env.HOLDFAST_METRICS = 'off'
    stage.replaceFunctions()
    stage.lines.length = 0
    await stage.sendRaw({ connectionId: 'c' }, '{"type":"nonsense"}')
    delete process.env.HOLDFAST_METRICS
    expect(stage.lines).toEqual(['{"level":"warn","event":"refused","code":"UNKNOWN_TYPE","RefusedByCode":1}\n'])
  })

  test('counts a handoff from when the gateway received the message', async () => {
    const [anna, bert] = [new Player('anna'), new Player('bert')]
    await stage.hello(anna)
    await stage.hello(bert)
    const granted = await stage.send(anna, { type: 'acquire', session: SESSION, r: 1 })
    await stage.send(bert, { type: 'acquire', session: SESSION, r: 1 })
    stage.lines.length = 0
    const { epoch } = granted as { readonly epoch: number }
    const release = { type: 'release', session: SESSION, epoch, r: 1 } as const
    await stage.sendOver(anna.connectionId, release, { requestTimeEpoch: Date.now() - 60_000, requestId: 'Rq1=' })
    const line = JSON.parse(stage.lines[0] as string)
    expect(line).toMatchObject({ event: 'handedOver', requestId: 'Rq1=', from: anna.processId, to: bert.processId })
    expect(line.HandoffMs).toBeGreaterThanOrEqual(60_000)
    expect(line.WaitMs).toBeLessThan(60_000)
  })
})
