import { setTimeout as pause } from 'node:timers/promises'
import { messageTimeMs } from '../../functions/lambda/message-time.js'
import { DYNAMODB_TIMEOUT_MS } from '../../functions/limits.js'
import type { RecordedRequest } from '../../local/dynamodb/proxy.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'
import type { RawClient } from './raw-client.js'
import { sessionKey } from './tables.js'

/** Shorter than one try of a DynamoDB request would be otherwise. */
const SHORT_MS = 1_000
const SHORT = { HOLDFAST_TIMING: JSON.stringify({ roundTripMs: SHORT_MS, leaseMs: 600_000, storeMarginMs: 2_000 }) }

describe.each([
  ['by default', DEFAULT_TIMING.roundTripMs, NO_RENEWALS],
  ['with a shorter roundTripMs', SHORT_MS, SHORT],
])('a message to a function whose DynamoDB hangs, %s', (_, roundTripMs, environment) => {
  const suite = new LocalStackSuite({ environment })
  let release: () => void
  const undo: (() => void)[] = []
  beforeEach(() => {
    release = () => {}
  })
  afterEach(() => {
    release()
    for (const end of undo.splice(0)) end()
  })

  const isOfFunction = ({ caller }: RecordedRequest) => caller !== 'application'
  /** Requests of functions for which this holds get no answer until the test is over. */
  const hang = (hangs: (request: RecordedRequest) => boolean, when: 'beforeForward' | 'afterForward') => {
    const over = new Promise<undefined>((resolve) => (release = () => resolve(undefined)))
    const fault = (request: RecordedRequest) => (isOfFunction(request) && hangs(request) ? over : undefined)
    undo.push(suite.stack.dynamodb.inject({ [when]: fault }))
  }
  /** The answer, which must come in time. */
  async function answered(client: RawClient, message: { readonly type: string; readonly [field: string]: unknown }) {
    const startMs = performance.now()
    client.send(message)
    const answer = await Promise.race([client.next('refused'), client.next('granted'), client.next('renewed')])
    expect(performance.now() - startMs).toBeLessThan(roundTripMs)
    return answer
  }
  const refused = (of: string) => expect.objectContaining({ type: 'refused', code: 'INTERNAL', of })

  it.each(['beforeForward', 'afterForward'] as const)(
    'is answered within roundTripMs: %s',
    async (when) => {
      const client = await suite.join()
      hang(() => true, when)
      expect(await answered(client, { type: 'acquire', session: sessionKey(when), r: 1 })).toEqual(refused('acquire'))
      expect(await answered(client, { type: 'renew', n: 1 })).toEqual(refused('renew'))
    },
    60_000,
  )

  it('is answered within roundTripMs when each of its requests is slow', async () => {
    const [holder, client] = [await suite.join(), await suite.join()]
    const session = sessionKey('slow')
    await answered(holder, { type: 'acquire', session, r: 1 })
    const slowMs = Math.min(0.45 * roundTripMs, 0.9 * DYNAMODB_TIMEOUT_MS)
    expect(3 * slowMs).toBeGreaterThan(messageTimeMs({ roundTripMs }))
    let requests = 0
    undo.push(
      suite.stack.dynamodb.inject({
        beforeForward: async (request) => {
          if (!isOfFunction(request)) return undefined
          requests += 1
          await pause(slowMs)
          return undefined
        },
      }),
    )
    // The connection's process is read, then the grant fails, then the request is queued, then the holder is asked.
    expect(await answered(client, { type: 'acquire', session, r: 1 })).toEqual(refused('acquire'))
    expect(requests).toBeGreaterThan(1)
  }, 60_000)
})

describe('a message to a function whose DynamoDB hangs once', () => {
  const suite = new LocalStackSuite({ environment: NO_RENEWALS })

  it('is carried out by the next try, in time', async () => {
    const client = await suite.join()
    let release = () => {}
    let left = 1
    const over = new Promise<undefined>((resolve) => (release = () => resolve(undefined)))
    const end = suite.stack.dynamodb.inject({
      beforeForward: (request) => (request.caller !== 'application' && left-- > 0 ? over : undefined),
    })
    const startMs = performance.now()
    client.send({ type: 'acquire', session: sessionKey('once'), r: 1 })
    expect(await client.next('granted')).toMatchObject({ r: 1 })
    expect(performance.now() - startMs).toBeLessThan(DEFAULT_TIMING.roundTripMs)
    release()
    end()
  }, 60_000)
})
