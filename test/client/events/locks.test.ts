import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LocksMessage } from '../../../client/index.js'
import { sessionKey } from '../../../client/session/session-key.js'
import { Random } from '../../support/random.js'
import { settle, World } from '../../support/world.js'

interface State {
  cart: string
  profile: string
  viewed: string
}

const ID = 'an id that is a secret'
const VALUE = 'a value that is private'
const CHANNEL = 'holdfast:locks'
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`attribute locks: SEED=${seed}`)
const NAMES = ['cart', 'profile', 'viewed'] as const

describe('the channel of attribute locks', () => {
  let world: World
  let heard: LocksMessage[]
  const note = (message: unknown) => heard.push(message as LocksMessage)
  beforeEach(() => {
    world = new World()
    heard = []
    subscribe(CHANNEL, note)
  })
  afterEach(async () => {
    unsubscribe(CHANNEL, note)
    await world.close()
  })

  /** What each message says, in short: who, has what, waits for what. */
  const short = ({ label, has, waitsFor, sinceMs, atMs }: LocksMessage) => {
    const names = (locked: LocksMessage['has']) =>
      locked &&
      [locked.all && `all ${locked.all}`, ...locked.write, ...locked.read.map((name) => `${name}?`)].join(' ').trim()
    return [label, names(has), names(waitsFor), atMs - sinceMs]
  }
  /** An access that ends when it is told to. */
  const held = () => {
    let end = () => {}
    const work = () => new Promise<void>((resolve) => (end = resolve))
    return { work, end: () => end() }
  }
  const open = () => {
    const running = new Set<number>()
    for (const { access, has, waitsFor } of heard) {
      if (has === undefined && waitsFor === undefined) running.delete(access)
      else running.add(access)
    }
    return [...running]
  }

  it('tells who has which attributes and who waits, since when, until all are free', async () => {
    const client = world.client<State>({ namespace: 'shop' })
    const [one, two] = [held(), held()]
    const first = client.access(ID, { write: ['cart'] }, one.work, { label: 'one' })
    const second = client.access(ID, { write: ['profile'], read: ['viewed'] }, two.work, { label: 'two' })
    await settle()
    const third = client.access(ID, { read: ['cart'] }, () => {}, { label: 'three' })
    await world.clock.advance(30)
    one.end()
    await world.finish(Promise.all([first, third]))
    two.end()
    await world.finish(second)
    await settle()
    expect(heard.map(short)).toEqual([
      ['one', 'cart', undefined, expect.any(Number)],
      ['two', 'profile viewed?', undefined, expect.any(Number)],
      ['three', undefined, 'cart?', 0],
      ['one', undefined, undefined, expect.any(Number)],
      ['three', 'cart?', undefined, 30],
      ['three', undefined, undefined, 30],
      ['two', undefined, undefined, expect.any(Number)],
    ])
    const [{ epoch, session, namespace } = { epoch: 0, session: '', namespace: '' }] = heard
    expect([session, namespace]).toEqual([sessionKey('shop', ID), 'shop'])
    expect(new Set(heard.map((message) => `${message.session} ${message.epoch}`))).toEqual(
      new Set([`${session} ${epoch}`]),
    )
    expect(new Set(heard.map(({ access }) => access)).size).toBe(3)
  })

  it('tells of locks that a running access adds, awaits, or awaits in vain', async () => {
    const client = world.client<State>()
    const other = held()
    const blocking = client.access(ID, { write: ['profile'] }, other.work, { label: 'other' })
    await settle()
    const growing = client.access(
      ID,
      { write: ['cart'] },
      async (session) => {
        await session.lock({ read: ['viewed'] })
        await session.lock({ write: ['profile'] }, { timeoutMs: 50 }).catch(() => {})
        await session.lock({ write: ['profile'] })
      },
      { label: 'growing' },
    )
    await world.clock.advance(80)
    other.end()
    await world.finish(Promise.all([blocking, growing]))
    await settle()
    expect(heard.filter(({ label }) => label === 'growing').map((message) => short(message).slice(1))).toEqual([
      ['cart', undefined, 0],
      ['cart viewed?', undefined, 0],
      ['cart viewed?', 'profile', 0],
      ['cart viewed?', undefined, 0],
      ['cart viewed?', 'profile', 0],
      ['cart profile viewed?', undefined, 0],
      [undefined, undefined, 0],
    ])
  })

  it('tells the end of each access, however it ends', async () => {
    const random = new Random(seed)
    const clients = [world.client<State>(), world.client<State>()]
    const accesses = Array.from({ length: 60 }, async () => {
      const client = random.pick(clients)
      const names = random.pick([[...NAMES], [random.pick(NAMES)]])
      const options = { timeoutMs: random.pick([5, 40, 5_000]) }
      await client.access(
        ID,
        { write: names },
        async (session) => {
          await new Promise((resolve) => world.clock.after(random.integer(0, 30), () => resolve(undefined), 'awaited'))
          const end = random.integer(0, 8)
          if (end === 0) await session.lock('all', { timeoutMs: 20 })
          if (end === 1) throw new Error('its work failed')
          if (end === 2) await session.rotate().catch(() => {})
        },
        options,
      )
    })
    const settled = Promise.allSettled(accesses)
    await world.clock.advance(60)
    world.clock.freeze(100_000)
    await world.finish(settled, 60_000)
    expect(open().length).toBe(0)
    const stuck = held()
    const running = clients[0]?.access(ID, 'all', stuck.work).catch(() => {})
    await world.clock.advance(1_000)
    expect(open().length).toBe(1)
    await world.finish(Promise.all([clients[0]?.close({ drainMs: 10 }), running]), 60_000)
    await settle()
    expect(open().length).toBe(0)
  })

  it('shows no id and no value, and a subscriber is in no access', async () => {
    const client = world.client<State>({ namespace: 'shop' })
    let begun: Promise<unknown> | undefined
    const begin = () => {
      begun ??= client.access('another', { write: ['cart'] }, () => 'begun')
    }
    subscribe(CHANNEL, begin)
    await world.finish(client.access(ID, 'all', ({ state }) => void (state.cart = VALUE)))
    await world.finish(client.access(ID, { all: 'read', write: ['cart'] }, ({ state }) => state.cart))
    unsubscribe(CHANNEL, begin)
    expect(await world.finish(begun as Promise<unknown>)).toBe('begun')
    const told = JSON.stringify(heard)
    expect(told).toContain('"all":"write"')
    expect(told).toContain('"all":"read","write":["cart"]')
    expect(told).not.toContain(ID)
    expect(told).not.toContain(VALUE)
  })
})
