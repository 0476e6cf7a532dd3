import { LocalStackSuite } from './local-stack-suite.js'
import { AppProcess } from './processes.js'

/** Less than the rest of a lease, 11 s at least, for which others wait after a process that ends without `close()`. */
const HANDOVER_MAX_MS = 8_000

describe('an application server that gets a signal', () => {
  const suite = new LocalStackSuite<{ count: number }>()
  const spawned: AppProcess[] = []
  let tests = 0
  let id = ''
  beforeEach(() => {
    tests += 1
    id = `session ${tests}`
  })
  afterEach(async () => {
    await Promise.all(spawned.splice(0).map((process) => process.kill()))
  })

  const spawn = async (options: object) => {
    const server = new AppProcess(suite.stack, 'signals.mjs', options)
    spawned.push(server)
    await server.waitFor(({ event }) => event === 'ready')
    return server
  }

  /** The counts that another process finds, and how long it took to get them. */
  const takeOver = async (sessions = 1) => {
    const client = suite.client()
    const startedMs = performance.now()
    const counts = await Promise.all(
      Array.from({ length: sessions }, (_, n) =>
        client.access(`${id} ${n}`, { write: ['count'] }, ({ state }) => state.count),
      ),
    )
    return { counts, isSoon: performance.now() - startedMs < HANDOVER_MAX_MS }
  }

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'writes, gives all back at %s, and ends as it would have, with two clients',
    async (signal) => {
      const server = await spawn({ closeOnSignals: true, clients: 2 })
      await server.command('use', { id })
      server.signal(signal)
      expect(await server.exited).toEqual([null, signal])
      expect(await takeOver(2)).toEqual({ counts: [2, 2], isSoon: true })
    },
  )

  it('ends in the same way without the option, but others wait for its lease', async () => {
    const server = await spawn({})
    await server.command('use', { id })
    server.signal('SIGTERM')
    expect(await server.exited).toEqual([null, 'SIGTERM'])
    const early = suite.client().access(`${id} 0`, 'all', () => {}, { timeoutMs: HANDOVER_MAX_MS })
    await expect(early).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
  })

  it('ends at a signal of its choice, and at others as before', async () => {
    const server = await spawn({ closeOnSignals: ['SIGUSR2'] })
    await server.command('use', { id })
    server.signal('SIGUSR2')
    expect(await server.exited).toEqual([null, 'SIGUSR2'])
    expect(await takeOver()).toEqual({ counts: [2], isSoon: true })
  })

  it('waits for an access that runs', async () => {
    const server = await spawn({ closeOnSignals: true })
    const running = server.command('stay', { id })
    running.catch(() => {})
    await server.waitFor(({ event }) => event === 'running')
    server.signal('SIGTERM')
    await server.command('closing')
    server.say('end')
    expect(await server.exited).toEqual([null, 'SIGTERM'])
    expect(await takeOver()).toEqual({ counts: [1], isSoon: true })
  })

  it('ends at once at a second signal', async () => {
    const server = await spawn({ closeOnSignals: true })
    server.command('stay', { id }).catch(() => {})
    await server.waitFor(({ event }) => event === 'running')
    server.signal('SIGINT')
    await server.command('closing')
    server.signal('SIGTERM')
    expect(await server.exited).toEqual([null, 'SIGTERM'])
  })

  it('goes on where it listens for the signal itself, with closed clients', async () => {
    const server = await spawn({ closeOnSignals: true, ownSignal: 'SIGTERM' })
    await server.command('use', { id })
    server.signal('SIGTERM')
    await server.waitFor(({ event }) => event === 'own')
    expect(await takeOver()).toEqual({ counts: [2], isSoon: true })
    await server.command('closing')
    // It does not listen for this one, and has no client any more.
    server.signal('SIGINT')
    expect(await server.exited).toEqual([null, 'SIGINT'])
  })

  it('is not warned of leaks for one signal on many waits, many listeners of an event, or many clients', async () => {
    const server = await spawn({ closeOnSignals: true, clients: 30 })
    await server.command('share', { id })
    expect(server.messages.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
    server.signal('SIGTERM')
    expect(await server.exited).toEqual([null, 'SIGTERM'])
  })
})
