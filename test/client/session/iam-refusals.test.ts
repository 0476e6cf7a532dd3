import type { Holdfast } from '../../../client/holdfast.js'
import { READ_TRIES_MAX, STATE_RETRY_MAX_MS, WRONG_SETTING_AFTER_MS } from '../../../client/limits.js'
import { type Counter, ID, increment } from '../../support/counting.js'
import { World } from '../../support/world.js'

describe('a claim that IAM refuses', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const add = (client: Holdfast<Counter>, id = ID) => world.finish(increment(client, id))
  let claims: number
  const refuse = (name: string, untilMs = Number.POSITIVE_INFINITY) => {
    claims = 0
    const fromMs = world.clock.monotonicMs()
    world.onStateWrite = (_update, write) => {
      claims += 1
      if (world.clock.monotonicMs() - fromMs >= untilMs) return write()
      return Promise.reject(Object.assign(new Error('no'), { name, $metadata: { httpStatusCode: 400 } }))
    }
  }
  const ended = async (client: Holdfast<Counter>, id = ID) => {
    const beganMs = world.clock.monotonicMs()
    const outcome = await world.finish(
      increment(client, id).catch(({ code }) => code),
      60_000,
    )
    return { outcome, ms: world.clock.monotonicMs() - beganMs, claims }
  }

  it.each(['AccessDeniedException', 'UnrecognizedClientException', 'InvalidClientTokenId'])(
    'goes on while a change of IAM may be spreading, of a new client: %s',
    async (name) => {
      const client = world.client<Counter>()
      refuse(name, WRONG_SETTING_AFTER_MS - STATE_RETRY_MAX_MS)
      const { outcome, claims: tries } = await ended(client)
      expect(outcome).toBe(1)
      expect(tries).toBeGreaterThan(4)
      expect(tries).toBeLessThanOrEqual(READ_TRIES_MAX)
    },
  )

  it('does so for some seconds, and then not any more', async () => {
    const client = world.client<Counter>()
    refuse('AccessDeniedException')
    const first = await ended(client)
    expect(first.outcome).toBe('REFUSED')
    expect(first.ms).toBeGreaterThanOrEqual(WRONG_SETTING_AFTER_MS)
    expect(first.ms).toBeLessThan(WRONG_SETTING_AFTER_MS + STATE_RETRY_MAX_MS + 100)
    refuse('AccessDeniedException')
    expect(await ended(client)).toMatchObject({ outcome: 'REFUSED', claims: 1 })
  })

  it('is what an access is told that times out meanwhile, also one that only looks', async () => {
    const client = world.client<Counter>()
    refuse('AccessDeniedException')
    const forbidden = { code: 'REFUSED', reason: 'FORBIDDEN', effect: 'none', retryable: false }
    const options = { timeoutMs: 1_000 }
    await expect(world.finish(increment(client, ID, options), 2_000)).rejects.toMatchObject(forbidden)
    world.memory.get = () =>
      Promise.reject(
        Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } }),
      )
    const looking = increment(client, 'another', { ...options, ifMissing: 'fail' })
    await expect(world.finish(looking, 2_000)).rejects.toMatchObject(forbidden)
  })

  it('does not once DynamoDB has served the client', async () => {
    const client = world.client<Counter>()
    await add(client, 'another')
    refuse('AccessDeniedException')
    expect(await ended(client)).toMatchObject({ outcome: 'REFUSED', claims: 1 })
  })
})
