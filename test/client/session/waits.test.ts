import { createHash } from 'node:crypto'
import { WaitTimeoutError } from '../../../client/errors/index.js'
import { readLock } from '../../../protocol/lock/record.js'
import { World } from '../../support/world.js'

interface Shop {
  cart: { items: string[] }
  count: number
  profile: { name: string }
}

const ID = 'a session id that nobody guesses'
const LOCK = `S#test#${createHash('sha256').update(ID).digest('base64url')}`

describe('a wait for a session', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const lock = async () => readLock(await world.memory.get('locks', LOCK))

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)

  it('leaves nothing behind when a wait times out, is aborted, or its client closes', async () => {
    const [first, second, third] = [world.client<Shop>(), world.client<Shop>(), world.client<Shop>()]
    let end = () => {}
    const running = first.access(
      ID,
      'all',
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    await world.clock.advance(100)
    const abort = new AbortController()
    const timedOut = second.access(ID, 'all', () => {}, { timeoutMs: 500 })
    const aborted = second.access(ID, 'all', () => {}, { signal: abort.signal })
    const closed = third.access(ID, 'all', () => {})
    closed.catch(() => {})
    aborted.catch(() => {})
    await expect(finish(timedOut)).rejects.toBeInstanceOf(WaitTimeoutError)
    abort.abort(new Error('the user went away'))
    await expect(finish(aborted)).rejects.toMatchObject({ code: 'ABORTED', effect: 'none' })
    await finish(third.close())
    await expect(closed).rejects.toMatchObject({ code: 'CLOSED' })
    await world.clock.advance(100)
    expect((await lock())?.waiters).toEqual([])
    end()
    await finish(running)
  })

  it('says how long a wait was, behind how many, and who holds', async () => {
    const [first, second] = [world.client<Shop>({ label: 'server-1' }), world.client<Shop>()]
    let end = () => {}
    const running = first.access(
      ID,
      'all',
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    await world.clock.advance(100)
    const waiting = second.access(ID, 'all', () => {}, { timeoutMs: 700 })
    await expect(finish(waiting)).rejects.toMatchObject({
      waitedMs: 700,
      behind: 0,
      holder: 'server-1',
      message:
        "locks not granted after 700 ms, next in line, held by 'server-1': raise timeoutMs or retry. A holder that has died " +
        'keeps it for about 19750 ms',
    })
    const messageOf = (behind: number) =>
      new WaitTimeoutError({ waitedMs: 5, behind, holder: undefined, heldMs: undefined }).message
    expect(messageOf(1)).toMatch(/^locks not granted after 5 ms, behind 1 other process: /)
    expect(messageOf(2)).not.toMatch(/died/)
    expect(messageOf(2)).toMatch(/^locks not granted after 5 ms, behind 2 other processes: /)
    end()
    await finish(running)
  })
})
