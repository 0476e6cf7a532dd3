import { contentsOf } from '../support/contents.js'
import { Player, Stage, sessionOf } from './stage.js'

const BOUND = 20

jest.mock('../../functions/limits.js', () => ({
  ...jest.requireActual<object>('../../functions/limits.js'),
  REMEMBERED_CONNECTIONS_MAX: 20,
  REMEMBERED_PROCESSES_MAX: 20,
  COUNTED_SENDERS_MAX: 20,
}))

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})

/** All that one process may say: with and without a lock, twice, too early, and in a form that cannot be read. */
async function live(name: string): Promise<void> {
  const session = sessionOf(name)
  const player = new Player(name)
  await stage.say(player.connectionId, '{')
  await stage.acquire(player, session)
  await stage.join(name)
  await stage.acquire(player, session)
  const waiter = await stage.join(`${name} waits`)
  await stage.acquire(waiter, session)
  await stage.hello(player, new Player(`${name} again`).connectionId, 2)
  await stage.send(player, { type: 'renew', n: 1 })
  await stage.release(player, session)
  await stage.send(waiter, { type: 'cancel', session, r: waiter.r })
  await stage.send(player, { type: 'retire' })
  stage.nowMs += 1_000
}

async function remembered(): Promise<readonly (readonly [string, number])[]> {
  const { dispatcher } = stage as unknown as { readonly dispatcher: object }
  return [...contentsOf(dispatcher, (value) => value === stage.memory).containers]
}

it('remembers no more of ten times as many processes, connections, sessions and refusals', async () => {
  for (let index = 0; index < 2 * BOUND; index += 1) await live(`early ${index}`)
  const early = await remembered()
  for (let index = 0; index < 20 * BOUND; index += 1) await live(`late ${index}`)
  const late = await remembered()
  const sum = (all: typeof early) => all.reduce((total, [, size]) => total + size, 0)
  expect(early.length).toBeGreaterThanOrEqual(5)
  expect(early.some(([, size]) => size === BOUND)).toBe(true)
  // A process has at most a few connections, which stand in a list of their own.
  expect(late.filter(([path, size]) => !path.endsWith('[]') && size > BOUND)).toEqual([])
  expect(sum(late)).toBeLessThanOrEqual(sum(early))
})
