import { Waiting } from '../../../../client/adapters/common/waiting.js'
import { Gate, quiet } from '../../../support/counting.js'
import { ID, Servers } from './servers.js'

describe('the bounds of a request', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  describe('waiting', () => {
    it('refuses the request after those that may wait at once, until one waits no longer', async () => {
      const server = servers.server({ waitingMax: 3 })
      await servers.make(server, { n: 1 })
      await servers.make(server, { n: 1 }, { id: 'another' })
      const holding = await servers.loaded(server)
      const gone = new AbortController()
      const leaving = quiet(servers.request(server, 'write', gone.signal).load(ID))
      const waiting = [1, 2].map(() => servers.request(server))
      const loads = waiting.map((request) => quiet(request.load(ID)))
      const refused = { code: 'REFUSED', reason: 'LOCAL_QUEUE_FULL', retryable: true }
      await expect(servers.request(server).load(ID)).rejects.toMatchObject(refused)
      await servers.loaded(server, 'write', 'another')
      gone.abort()
      await expect(leaving).rejects.toMatchObject({ code: 'ABORTED' })
      const next = servers.request(server)
      const nextLoad = next.load(ID)
      for (const request of [holding, ...waiting]) await request.end()
      await nextLoad
      await Promise.all(loads)
      await next.save(ID, { n: 2 })
      expect(await servers.committed()).toEqual({ n: 2 })
    })

    it("refuses nobody who saves under 'merge', and those do not count", async () => {
      const server = servers.server({ waitingMax: 1 })
      await servers.make(server, { items: [] })
      const requests = Array.from({ length: 20 }, () => servers.request(server, 'merge'))
      for (const request of requests) await request.load(ID)
      const holding = await servers.loaded(server)
      const saves = requests.map((request, item) => quiet(request.save(ID, { items: [], [`note-${item}`]: item })))
      const lifetime = quiet(servers.loaded(server, 'merge').then((request) => request.touch(ID, 5_000)))
      const waiting = quiet(servers.loaded(server))
      await holding.end()
      await Promise.all([...saves, lifetime])
      await (await waiting).end()
      expect(Object.keys((await servers.committed()) ?? {})).toHaveLength(21)
    })

    it("ends at the timeout under 'merge', too", async () => {
      const server = servers.server({ timeoutMs: 500 })
      await servers.make(server, { n: 1 })
      const request = await servers.loaded(server, 'merge')
      await servers.loaded(server)
      const save = quiet(request.save(ID, { n: 2 }))
      await servers.stack.advance(500)
      await expect(save).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    })

    it('is forgotten when it has ended', async () => {
      const waiting = new Waiting(1)
      await waiting.during(ID, async () => {})
      await expect(waiting.during('another', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
      expect(Reflect.get(waiting, 'counts')).toEqual(new Map())
    })

    it('ends at the timeout', async () => {
      const server = servers.server({ timeoutMs: 500 })
      await servers.make(server, { n: 1 })
      await servers.loaded(server)
      const load = quiet(servers.request(server).load(ID))
      await servers.stack.advance(500)
      await expect(load).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    })

    it('ends with the request', async () => {
      const server = servers.server()
      await servers.make(server, { n: 1 })
      const holding = await servers.loaded(server)
      const request = servers.request(server)
      const load = quiet(request.load(ID))
      await servers.stack.advance(0)
      await request.end()
      await expect(request.load(ID)).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'end' })
      await expect(load).rejects.toMatchObject({ code: 'ABORTED' })
      await holding.save(ID, { n: 2 })
    })
  })

  describe('release', () => {
    it.each(['write', 'read'] as const)("frees the session for others (lock '%s')", async (lock) => {
      const [one, other] = [servers.server(), servers.server()]
      await servers.make(one, { n: 1 })
      const request = await servers.loaded(one, lock)
      await request.release('stream')
      await servers.write(other, { n: 2 })
      const released = { code: 'SESSION_RELEASED', reason: 'stream', effect: 'none' }
      await expect(request.save(ID, { n: 3 })).rejects.toMatchObject(released)
      await expect(request.load(ID)).rejects.toMatchObject(released)
      await expect(request.save('a new id', {})).rejects.toMatchObject(released)
      await request.save(ID, { n: 1 }, 5_000)
      await request.touch(ID, 5_000)
      expect(await servers.committed()).toEqual({ n: 2 })
    })

    it.each(['none', 'merge'] as const)("ends the changes of a request that held nothing (lock '%s')", async (lock) => {
      const server = servers.server()
      await servers.make(server, { n: 1 })
      const request = await servers.loaded(server, lock)
      await request.release()
      await request.save(ID, { n: 1 })
      await expect(request.save(ID, { n: 2 })).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'release' })
      expect(await servers.committed()).toEqual({ n: 1 })
    })

    it('comes after the saves that are under way, and the end after it', async () => {
      const server = servers.server()
      await servers.make(server, { n: 1 })
      const request = await servers.loaded(server)
      const saving = request.save(ID, { n: 2 })
      const ends = [request.release(), request.end(), request.end()]
      await Promise.all([saving, ...ends])
      expect(await servers.committed()).toEqual({ n: 2 })
      await expect(request.save(ID, { n: 3 })).rejects.toMatchObject({ reason: 'release' })
    })

    it('is the end of what runs inside the session', async () => {
      const holdfast = servers.client()
      const server = servers.server({ holdfast })
      await servers.make(server, { n: 1 })
      const request = await servers.loaded(server)
      const counted = await request.run(async () => {
        await request.release()
        return holdfast.access(ID, { write: ['n'] }, ({ state }) => void (state.n = 2)).then(() => servers.committed())
      })
      expect(counted).toEqual({ n: 2 })
    })
  })

  describe('maxHoldMs', () => {
    it('takes the session away once, says so, and fails what is changed later', async () => {
      const gate = new Gate()
      const told: string[] = []
      const server = servers.server({
        maxHoldMs: 20,
        onOverstay: (label) => {
          told.push(label)
          gate.open()
        },
      })
      const request = server.request({ lock: 'write', signal: new AbortController().signal, label: 'GET /slow' })
      await request.save(ID, { n: 1 })
      await request.save('another', { n: 1 })
      await gate.passed
      await servers.write(servers.server(), { n: 2 })
      await request.save(ID, { n: 1 })
      await expect(request.save(ID, { n: 3 })).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'maxHoldMs' })
      await request.end()
      expect(told).toEqual(['GET /slow'])
      expect(await servers.committed()).toEqual({ n: 2 })
    })

    it('leaves no timer after the end, and counts nothing that is not held', async () => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] })
      try {
        const server = servers.server()
        await servers.make(server, { n: 1 })
        const loose = await servers.loaded(server, 'none')
        expect(jest.getTimerCount()).toBe(0)
        const request = await servers.loaded(server)
        expect(jest.getTimerCount()).toBe(1)
        await request.end()
        expect(jest.getTimerCount()).toBe(0)
        const destroying = await servers.loaded(server)
        await destroying.destroy(ID)
        await jest.advanceTimersByTimeAsync(25_000)
        expect(servers.overstayed).toEqual([])
        await loose.end()
      } finally {
        jest.useRealTimers()
      }
    })
  })
})
