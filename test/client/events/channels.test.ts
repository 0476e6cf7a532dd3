import { subscribe as listen, unsubscribe } from 'node:diagnostics_channel'
import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

interface State {
  secret: string
}

const ID = 'an id that is a secret'
const VALUE = 'a value that is private'
const EVENTS = ['granted', 'wanted', 'released', 'lost', 'retried', 'connection'] as const

describe('the channels of node:diagnostics_channel', () => {
  let world: World
  const ends: (() => void)[] = []
  beforeEach(() => {
    world = new World()
  })
  afterEach(async () => {
    for (const end of ends.splice(0)) end()
    await world.close()
  })

  const subscribe = (event: string, listener: (message: unknown, name: string | symbol) => void) => {
    listen(`holdfast:${event}`, listener)
    ends.push(() => {
      unsubscribe(`holdfast:${event}`, listener)
    })
  }
  const use = (client: Holdfast<State>, value = VALUE) =>
    world.finish(
      client.access(ID, 'all', ({ state }) => void (state.secret = value)),
      10_000,
    )
  /** Makes one event of each kind, at least. */
  const makeAll = async (client: Holdfast<State>) => {
    await use(client)
    await use(world.client<State>({ namespace: 'shop' }))
    await use(client)
    let left = 1
    world.onStateWrite = (_update, write) => (left-- > 0 ? Promise.reject(new Error('no answer')) : write())
    await use(client, `another: ${VALUE}`)
    world.clock.freeze(100_000)
    await use(client)
    await world.finish(client.close(), 10_000)
  }

  it('carry each event of each client, with the namespace of the client', async () => {
    const published: unknown[] = []
    const told: unknown[] = []
    const client = world.client<State>({ namespace: 'shop' })
    for (const event of EVENTS) {
      client.on(event, (payload: object) => told.push([event, { namespace: 'shop', ...payload }]))
      subscribe(event, (message, name) => published.push([String(name).replace('holdfast:', ''), message]))
    }
    await use(client)
    await world.finish(client.close(), 10_000)
    expect(told.map((each) => (each as [string])[0])).toEqual(['connection', 'granted', 'released'])
    expect(published).toEqual(told)
  })

  it('show no id, no value and no credential', async () => {
    const seen: string[] = []
    const names = new Set<string>()
    for (const event of EVENTS) {
      subscribe(event, (message, name) => {
        names.add(String(name))
        const { error } = message as { error?: Error }
        seen.push(JSON.stringify(message), String(error?.stack))
      })
    }
    await makeAll(world.client<State>({ namespace: 'shop' }))
    expect([...names].toSorted()).toEqual(EVENTS.map((event) => `holdfast:${event}`).toSorted())
    const shown = seen.join()
    expect(shown).toContain('"namespace":"shop"')
    expect(shown).not.toContain(ID)
    expect(shown).not.toContain(VALUE)
  })

  it('a subscriber gets an object of its own', async () => {
    const client = world.client<State>()
    subscribe('granted', (message) => Object.assign(message as object, { waitedMs: -1 }))
    const waits: number[] = []
    client.on('granted', ({ waitedMs }) => waits.push(waitedMs))
    await use(client)
    expect(waits).toEqual([0])
  })

  it('a subscriber is not inside an access', async () => {
    const client = world.client<State>()
    let begun: Promise<unknown> | undefined
    subscribe('granted', () => {
      begun ??= client.access('another', 'all', () => 'begun')
    })
    await use(client)
    await settle()
    expect(await world.finish(begun as Promise<unknown>)).toBe('begun')
  })
})
