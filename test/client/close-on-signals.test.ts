import { EventEmitter } from 'node:events'
import { ClosingSignals, type Signalled } from '../../client/close-on-signals.js'
import { settle } from '../support/world.js'

/** A process that notes how it ends. A signal that nobody listens to ends it, unless it is the first of a container. */
class FakeProcess extends EventEmitter {
  readonly ends: (NodeJS.Signals | number)[] = []

  constructor(readonly pid = 1234) {
    super()
  }

  kill(pid: number, signal: NodeJS.Signals): true {
    if (pid === this.pid && !this.emit(signal, signal) && pid !== 1) this.ends.push(signal)
    return true
  }

  exit(code: number): void {
    this.ends.push(code)
  }

  /** A signal from outside. */
  get(signal: NodeJS.Signals): Promise<void> {
    this.kill(this.pid, signal)
    return settle()
  }
}

/** A client that closes when the test says so, and then removes itself, as a real one does. */
class FakeClient {
  calls = 0
  private readonly remove: () => void
  private end!: () => void
  private readonly closed = new Promise<void>((resolve) => (this.end = resolve))

  constructor(to: ClosingSignals, signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']) {
    this.remove = to.add(this, signals)
  }

  close(): Promise<void> {
    this.calls += 1
    return this.closed
  }

  finish(): Promise<void> {
    this.remove()
    this.end()
    return settle()
  }
}

describe('clients that close when the process gets a signal', () => {
  let fake: FakeProcess
  let signals: ClosingSignals
  const on = (process: FakeProcess) => new ClosingSignals(process as unknown as Signalled)
  const client = (of?: readonly NodeJS.Signals[]) => new FakeClient(signals, of)
  beforeEach(() => {
    fake = new FakeProcess()
    signals = on(fake)
  })

  it('share one listener for each signal, which goes with the last of them', async () => {
    const clients = Array.from({ length: 50 }, () => client())
    expect([fake.listenerCount('SIGTERM'), fake.listenerCount('SIGINT')]).toEqual([1, 1])
    for (const one of clients.slice(1)) await one.finish()
    expect(fake.listenerCount('SIGTERM')).toBe(1)
    await clients[0]?.finish()
    expect(fake.eventNames()).toEqual([])
    await fake.get('SIGTERM')
    expect(fake.ends).toEqual(['SIGTERM'])
    expect(clients.map(({ calls }) => calls)).toEqual(clients.map(() => 0))
  })

  it('a client without signals listens to none', () => {
    client([])
    expect(fake.eventNames()).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'all close at %s, and only then the process ends by it, once',
    async (signal) => {
      const [first, second] = [client(), client()]
      await fake.get(signal)
      expect([first.calls, second.calls]).toEqual([1, 1])
      await first.finish()
      expect(fake.ends).toEqual([])
      await second.finish()
      expect(fake.ends).toEqual([signal])
      expect(fake.eventNames()).toEqual([])
    },
  )

  it('clients of other signals are left alone', async () => {
    const [term, usr2] = [client(['SIGTERM']), client(['SIGUSR2'])]
    await fake.get('SIGTERM')
    expect([term.calls, usr2.calls]).toEqual([1, 0])
    await term.finish()
    expect(fake.ends).toEqual(['SIGTERM'])
  })

  it('a client that fails to close does not keep the process from ending', async () => {
    signals.add({ close: () => Promise.reject(new Error('cannot')) }, ['SIGTERM'])
    await fake.get('SIGTERM')
    expect(fake.ends).toEqual(['SIGTERM'])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('a second signal, %s, ends the process at once', async (second) => {
    client()
    await fake.get('SIGTERM')
    expect(fake.ends).toEqual([])
    await fake.get(second)
    expect(fake.ends).toEqual([second])
  })

  it.each<[string, (listener: () => void) => void]>([
    ['before the client', (listener) => fake.on('SIGTERM', listener)],
    ['once, before the client', (listener) => fake.once('SIGTERM', listener)],
  ])('the application that listens %s ends the process itself', async (_when, listen) => {
    let told = 0
    listen(() => (told += 1))
    const one = client()
    await fake.get('SIGTERM')
    await one.finish()
    expect([told, one.calls, fake.ends]).toEqual([1, 1, []])
  })

  it('the application that listens after the client ends the process itself, and goes on if it likes', async () => {
    let told = 0
    const first = client()
    fake.on('SIGTERM', () => (told += 1))
    await fake.get('SIGTERM')
    await fake.get('SIGTERM')
    await first.finish()
    expect([told, fake.ends]).toEqual([2, []])
    // It goes on, with another client.
    const second = client()
    await fake.get('SIGTERM')
    expect([told, second.calls, fake.ends]).toEqual([3, 1, []])
    await second.finish()
    expect(fake.ends).toEqual([])
  })

  it('clients of a signal that the application listens to close, while those of another are closing', async () => {
    fake.on('SIGUSR2', () => {})
    const [term, usr2] = [client(['SIGTERM']), client(['SIGUSR2'])]
    await fake.get('SIGTERM')
    await fake.get('SIGUSR2')
    expect([term.calls, usr2.calls, fake.ends]).toEqual([1, 1, []])
  })

  it('the first process of a container exits with the number of the signal', async () => {
    fake = new FakeProcess(1)
    signals = on(fake)
    const one = client()
    await fake.get('SIGTERM')
    await one.finish()
    expect(fake.ends).toEqual([143])
  })

  it('of two copies of the package, the one that has closed last ends the process, once', async () => {
    const copy = on(fake)
    const [first, second] = [client(), new FakeClient(copy)]
    await fake.get('SIGTERM')
    expect([first.calls, second.calls]).toEqual([1, 1])
    await second.finish()
    expect(fake.ends).toEqual([])
    await first.finish()
    expect(fake.ends).toEqual(['SIGTERM'])
  })

  it('of two copies of the package, both let a second signal end the process', async () => {
    const copy = on(fake)
    client()
    new FakeClient(copy)
    await fake.get('SIGTERM')
    await fake.get('SIGTERM')
    expect(fake.ends).toEqual(['SIGTERM'])
  })

  it.each(['third', 'fourth'] as const)(
    'listeners of the %s version of signal-exit are not the application',
    async (version) => {
      const counted = { count: 1 }
      const key = version === 'third' ? '__signal_exit_emitter__' : Symbol.for('signal-exit emitter')
      Object.assign(version === 'third' ? fake : globalThis, { [key]: counted })
      try {
        const one = client()
        // As signal-exit does: it ends the process where all listeners are its own.
        const listener = () => {
          if (fake.listeners('SIGTERM').length !== counted.count) return
          fake.off('SIGTERM', listener)
          fake.kill(fake.pid, 'SIGTERM')
        }
        fake.on('SIGTERM', listener)
        await fake.get('SIGTERM')
        await one.finish()
        expect(fake.ends).toEqual(['SIGTERM'])
      } finally {
        Reflect.deleteProperty(globalThis, key)
      }
    },
  )
})
