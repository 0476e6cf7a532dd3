import { channel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { LocksMessage } from '../../../client/index.js'
import { sessionKey } from '../../../client/session/session-key.js'
import { LOCKS_PER_SECOND_MAX } from '../../../inspector/limits.js'
import type { LocksFact } from '../../../inspector/model/entry.js'
import { History } from '../../../local/inspector/history.js'
import { LockBudget, readLocks } from '../../../local/inspector/locks/read-locks.js'
import { showLocks } from '../../../local/inspector/locks/show-locks.js'
import { Pages } from '../../../local/inspector/pages.js'
import { InspectorServer } from '../../../local/inspector/server.js'

const SESSION_ID = 'a-session-id-that-is-a-secret'
const SESSION = sessionKey('shop', SESSION_ID)
const published = channel('holdfast:locks')

/** The stack's side: answers with each of these statuses first, and takes everything then. */
async function serving(statuses: number[] = []) {
  const bodies: string[] = []
  const taken: LocksFact[] = []
  const wakes: (() => void)[] = []
  const server = new InspectorServer({
    pages: new Pages(new History()),
    takeLocks: (body) => {
      bodies.push(body)
      for (const wake of wakes.splice(0)) wake()
      const status = statuses.shift()
      if (status === undefined) taken.push(...(readLocks(body, performance.timeOrigin + performance.now()) ?? []))
      return status ?? 204
    },
  })
  await server.start(0)
  const until = async (is: () => boolean) => {
    while (!is()) await new Promise<void>((resolve) => wakes.push(resolve))
  }
  return { server, bodies, taken, until }
}

let access = 0
function locked(label = 'access'): void {
  access += 1
  const atMs = performance.now()
  const message: LocksMessage = {
    namespace: 'shop',
    session: SESSION,
    epoch: 3,
    access,
    label,
    has: { all: undefined, write: ['cart'], read: [] },
    waitsFor: undefined,
    sinceMs: atMs,
    atMs,
  }
  published.publish(message)
}

test('tells the stack which attributes are locked, as long as it is to', async () => {
  const { server, taken, bodies, until } = await serving()
  const shown = showLocks(server.locksAddress)
  // A second call of another part of the application tells nothing twice.
  const again = showLocks(server.locksAddress)
  locked('first')
  await until(() => bodies.length > 0)
  locked('second')
  await Promise.all([shown.stop(), again.stop()])
  locked('late')
  expect(published.hasSubscribers).toBe(false)
  expect(taken.map(({ label, session, write }) => [label, session, write])).toEqual([
    ['first', SESSION.slice(0, 15), ['cart']],
    ['second', SESSION.slice(0, 15), ['cart']],
  ])
  expect(bodies.join()).not.toContain(SESSION)
  await server.stop()
})

test('what the stack cannot take now is told later, and what it does not understand is not', async () => {
  const { server, taken, bodies, until } = await serving([429, 503, 400])
  const shown = showLocks(server.locksAddress)
  locked('late')
  await until(() => bodies.length === 3)
  locked('next')
  await shown.stop()
  expect(bodies.slice(0, 3).every((body) => body.includes('late'))).toBe(true)
  expect(taken.map(({ label }) => label)).toEqual(['next'])
  await server.stop()
})

test('a stack that is gone breaks nothing', async () => {
  const { server } = await serving()
  const { locksAddress } = server
  await server.stop()
  const shown = showLocks(locksAddress)
  locked()
  expect(await shown.stop()).toBeUndefined()
})

test('a stack that does not answer is given up, and holds nobody up', async () => {
  const silent = createServer(() => {})
  silent.listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const shown = showLocks(`http://127.0.0.1:${port}/token/locks`)
  locked()
  expect(await shown.stop()).toBeUndefined()
  silent.closeAllConnections()
  silent.close()
}, 20_000)

test('without an address nothing is heard, and another machine is told nothing', async () => {
  await showLocks('').stop()
  expect(published.hasSubscribers).toBe(false)
  for (const address of [
    'https://127.0.0.1/x',
    'http://inspector.example/token/locks',
    'http://127.0.0.1.example/',
    'x',
  ]) {
    expect(() => showLocks(address)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => showLocks(address)).not.toThrow('token')
  }
})

test('the stack takes so many locks in a second', () => {
  const budget = new LockBudget()
  expect(budget.take(LOCKS_PER_SECOND_MAX, 5)).toBe(true)
  expect(budget.take(1, 900)).toBe(false)
  expect(budget.take(1, 1_005)).toBe(true)
})
