// One worker thread: does what the main thread asks by messages of its own port, with accesses of `holdfast/worker`.
import { parentPort, workerData } from 'node:worker_threads'
import { gate, holdfast, serve } from './jobs.mjs'

const add = (id) =>
  holdfast.access(id, { write: ['count', 'mirror'] }, ({ state }) => {
    if (state.count !== state.mirror) throw new Error('torn')
    state.count = (state.count ?? 0) + 1
    state.mirror = state.count
    return state.count
  })

/** A loaded machine may lose a short lease: the call is made again, and what is unknown of it stays so. */
const goOnAfter = (error) => {
  if (!error.retryable && error.effect !== 'unknown') throw error
}

serve({
  add: ({ id }) => add(id),
  /** Increments for as long as the thread lives, telling of each that is acknowledged. */
  async addForever({ id }) {
    for (;;) {
      parentPort.postMessage({ begun: true })
      await add(id).then(() => parentPort.postMessage({ acknowledged: true }), goOnAfter)
    }
  },
  /** The same with a commit() inside, after which it leaves behind what nobody may ever see. */
  async tearForever({ id }) {
    for (;;) {
      parentPort.postMessage({ begun: true })
      const torn = holdfast.access(id, { write: ['count'] }, async (session) => {
        const wider = await session.lock({ write: ['mirror'] })
        wider.state.count = (wider.state.count ?? 0) + 1
        wider.state.mirror = wider.state.count
        await session.commit()
        parentPort.postMessage({ acknowledged: true })
        wider.state.count = -1
        await holdfast.peek(id)
        throw new Error('torn')
      })
      await torn.catch((error) => {
        if (error.message !== 'torn') goOnAfter(error)
      })
    }
  },
  /** Takes locks, says so, and ends when it is told to. */
  hold: ({ id, locks, name, write, options }) =>
    holdfast.access(
      id,
      locks,
      async (session) => {
        if (write !== undefined) Object.assign(session.state, write)
        session.signal.addEventListener('abort', () => parentPort.postMessage({ lost: session.signal.reason.reason }))
        parentPort.postMessage({ entered: name, wanted: session.wanted })
        await gate(name)
        return { wanted: session.wanted }
      },
      options,
    ),
  /** Takes locks, says so, and stands still for ever, or asks for more again and again without a pause. */
  stand: ({ id, locks, name, more }) =>
    holdfast.access(id, locks, (session) => {
      parentPort.postMessage({ entered: name })
      for (;;) if (more !== undefined) session.tryLock(more)
    }),
  read: ({ id, options }) => holdfast.access(id, { all: 'read' }, ({ state }) => ({ ...state }), options),
  async peek({ id }) {
    const seen = await holdfast.peek(id)
    return seen && { ...seen.state }
  },
  create: ({ init }) => holdfast.create(init),
  destroy: ({ id }) => holdfast.destroy(id),
  rotate: ({ id }) => holdfast.rotate(id, ({ state }) => void (state.user = 'Ada')),
  many: ({ ids }) =>
    holdfast.accessMany(ids, { write: ['count'] }, (sessions) => {
      for (const { state } of sessions) state.count = (state.count ?? 0) + 1
      return sessions.map(({ state }) => state.count)
    }),
  async values({ id }) {
    const values = {
      buffer: Buffer.from('bytes'),
      dict: Object.assign(Object.create(null), { a: 1 }),
      minusZero: -0,
      big: 10n ** 30n,
      map: new Map([[new Date(5), new Set([1, 'a'])]]),
    }
    await holdfast.access(id, 'all', ({ state }) => void Object.assign(state, values))
    return holdfast.access(id, { all: 'read' }, ({ state }) => ({
      buffer: Buffer.isBuffer(state.buffer) && state.buffer.toString(),
      dict: Object.getPrototypeOf(state.dict) === null && state.dict.a,
      minusZero: Object.is(state.minusZero, -0),
      big: state.big,
      map: state.map,
      refuses: [() => state.map.clear(), () => (state.buffer = 1)].map((change) => {
        try {
          change()
          return 'nothing'
        } catch (error) {
          return error.code
        }
      }),
    }))
  },
  bad: ({ id }) => holdfast.access(id, 'all', ({ state }) => void (state.cart = { items: [Number.NaN] })),
  commit: ({ id, name }) =>
    holdfast.access(id, { write: ['count'] }, async (session) => {
      session.state.count = 10
      await session.commit()
      session.state.count = 11
      parentPort.postMessage({ entered: name })
      await gate(name)
      throw new Error('the work failed')
    }),
  /** Locks one attribute, then, when told, another. */
  lockMore: ({ id, first, more, name, how }) =>
    holdfast.access(
      id,
      { write: [first] },
      async (session) => {
        parentPort.postMessage({ entered: name })
        await gate(name)
        if (how === 'tryLock') return session.tryLock({ write: [more] }) === undefined ? 'busy' : session.state[more]
        await session.lock({ write: [more] })
        session.state[more] = (session.state[more] ?? 0) + 1
        return session.state[more]
      },
      { label: name },
    ),
  nested: ({ id, other }) =>
    holdfast.access(id, { write: ['count'] }, async ({ state }) => {
      state.count = 1
      await holdfast.access(id, { write: ['count'] }, (inner) => void (inner.state.count += 1))
      const refused = await holdfast.access(other, { write: ['count'] }, () => {}).catch((error) => error.code)
      return [state.count, refused]
    }),
  async open({ id }) {
    const session = await holdfast.open(id, { write: ['count'] })
    session.state.count = 5
    await session.commit()
    session.state.count = 6
    await session[Symbol.asyncDispose]()
    return holdfast.access(id, { read: ['count'] }, ({ state }) => state.count)
  },
  /** A login, a visit and a logout, by the calls of the session itself. */
  async session({ id }) {
    const events = []
    const session = await holdfast.open(id, 'all', { ttlMs: 60_000 })
    session.state.count = 1
    await session.run(() => holdfast.access(id, { write: ['count'] }, ({ state }) => void (state.count += 1)))
    const next = await session.rotate()
    session.ttlMs = 90_000
    events.push(session.ttlMs, Math.round((session.aliveUntil.getTime() - Date.now()) / 10_000))
    await session.close()
    events.push((await holdfast.peek(next)).state.count)
    await holdfast.access(next, 'all', (inner) => inner.destroy())
    for (const each of [id, next]) {
      const missing = await holdfast.access(each, 'all', () => {}, { ifMissing: 'fail' }).catch((error) => error)
      events.push([missing.reason, missing.missingSinceMs >= 0])
    }
    return events
  },
  async createAs({ id }) {
    const made = await holdfast.create({ list: [undefined] }, { id })
    const again = await holdfast.create({}, { id }).catch((error) => error.code)
    return [made === id, again, await holdfast.access(id, { all: 'read' }, ({ state }) => state.list)]
  },
  /** What a nested access has committed and not awaited, before it failed. */
  uncommitted: ({ id }) =>
    holdfast.access(id, { write: ['a', 'b'] }, async (session) => {
      const nested = holdfast.access(id, { write: ['a'] }, (inner) => {
        inner.state.a = 5
        void inner.commit()
        throw new Error('the work failed')
      })
      await nested.catch(() => {})
      session.state.b = 6
    }),
  /** A second port of the same client, nested in an access through the first. */
  async secondPort({ id, port }) {
    const { connectHoldfast } = await import('holdfast/worker')
    return holdfast.access(id, 'all', () =>
      connectHoldfast(port)
        .access(id, 'all', () => {})
        .catch((error) => error.code),
    )
  },
  async abort({ id }) {
    const controller = new AbortController()
    const waiting = holdfast.access(id, { write: ['count'] }, () => {}, { signal: controller.signal })
    await holdfast.peek(id)
    controller.abort()
    return waiting
  },
  raw({ message }) {
    workerData.port.postMessage(message)
  },
  close() {
    holdfast.close()
  },
})
