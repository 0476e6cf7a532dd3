// One worker thread that does what programs seldom do: changes its mind, gives wrong arguments, closes in the middle.
import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { connectHoldfast } from 'holdfast/worker'
import { gate, holdfast, serve } from './jobs.mjs'

let rawCalls = 0
const context = new AsyncLocalStorage()

/** The code that a call fails with, thrown or rejected. */
const codeOf = async (call) => {
  try {
    await call()
    return 'nothing'
  } catch (error) {
    return error.code ?? error.name
  }
}

serve({
  read: ({ id }) => holdfast.access(id, { all: 'read' }, ({ state }) => ({ ...state })),
  shown: ({ id }) => holdfast.access(id, { all: 'read' }, ({ state }) => inspect(state)),
  set: ({ id, values }) => holdfast.access(id, 'all', ({ state }) => void Object.assign(state, values)),
  /** Changes a value, does not await its commit(), and changes it back. */
  changeBack: ({ id }) =>
    holdfast.access(id, { write: ['a'] }, (session) => {
      const before = session.state.a
      session.state.a = before + 1
      const committing = session.commit()
      session.state.a = before
      // It is the access that awaits it.
      committing.catch(() => {})
    }),
  /** Its commit() is refused as too large; it undoes everything and ends well. */
  undoRefused: ({ id }) =>
    holdfast.access(id, { write: ['a', 'user'] }, async (session) => {
      const { a, user } = session.state
      session.state.a = a + 1
      session.state.user = 'x'.repeat(500_000)
      const refused = await codeOf(() => session.commit())
      Object.assign(session.state, { a, user })
      return refused
    }),
  /** What the session says of itself before and after a commit(). */
  about: ({ id }) =>
    holdfast.access(id, { write: ['a'] }, async (session) => {
      const before = { rev: session.rev, isNew: session.isNew }
      session.state.a = 1
      await session.commit()
      return [before, { rev: session.rev, isNew: session.isNew }]
    }),
  /** Two modules of a program connect the same port, and each makes an access. */
  async connectTwice({ ids }) {
    const set = (client, id, value) => client.access(id, { write: ['a'] }, ({ state }) => void (state.a = value))
    await Promise.all([set(holdfast, ids[0], 1), set(connectHoldfast(workerData.port), ids[1], 2)])
  },
  /** What an AsyncLocalStorage of the application holds where the works run. */
  context: ({ id }) =>
    context.run('mine', () =>
      holdfast.access(id, { write: ['a'] }, async () => {
        const outer = context.getStore()
        const inner = await holdfast.access(id, { write: ['a'] }, () => context.getStore())
        return [outer, inner]
      }),
    ),
  async abortReason({ id }) {
    const controller = new AbortController()
    const waiting = holdfast.access(id, { write: ['a'] }, () => {}, { signal: controller.signal })
    // Answered after the access was queued: messages keep their order.
    await holdfast.peek(id)
    const reason = new Error('the request is gone')
    controller.abort(reason)
    return waiting.catch((error) => [error.code, error.cause === reason])
  },
  wrongArguments: ({ id }) =>
    holdfast.access(id, { write: ['a'] }, async (session) =>
      Promise.all(
        [
          () => holdfast.accessMany(5, { write: ['a'] }, () => {}),
          () => holdfast.create(new Map()),
          () => holdfast.create([]),
          () => session.lock({ write: ['b'] }, { timeoutMs: () => 5 }),
          () => session.lock({ write: ['b'] }, 5),
          () => session.lock({ write: ['b'] }, { patience: 1 }),
        ].map(codeOf),
      ),
    ),
  wrongCalls: ({ id }) =>
    Promise.all(
      [
        () => holdfast.access(5, 'all', () => {}),
        () => holdfast.access(id, 'all', () => {}, null),
        () => holdfast.access(id, 'all', () => {}, { patience: 1 }),
        () => holdfast.access(id, 'all', () => {}, { signal: 'now' }),
        () => holdfast.create({}, { ifMissing: 'fail' }),
        () => holdfast.destroy(id, { ifMissing: 'fail' }),
        () => holdfast.open(id, { write: [] }),
        () => holdfast.rotate(id, 5),
        () => holdfast.rotate(id, () => {}, { to: id }),
        () => holdfast.peek(''),
        () => holdfast.release(Symbol('id')),
      ].map(codeOf),
    ),
  /** Closes inside an access: what follows fails at once. */
  closeInside: ({ id }) =>
    codeOf(() =>
      holdfast.access(id, { write: ['a'] }, async (session) => {
        session.state.a = 1
        holdfast.close()
        const codes = []
        for (const call of [
          () => session.tryLock({ write: ['b'] }),
          () => session.lock({ write: ['b'] }),
          () => session.commit(),
          () => holdfast.peek(id),
        ]) {
          codes.push(await codeOf(call))
        }
        parentPort.postMessage({ codes, isAborted: session.signal.aborted })
      }),
    ),
  /** Sends what is no message of the package, and resolves with the codes of the answers. */
  async raw({ messages }) {
    // Nobody answers what has no number.
    for (const noise of [null, undefined, 'text', 7, [], { op: 'access' }, { n: 'x' }])
      workerData.port.postMessage(noise)
    const codes = []
    for (const [index, message] of messages.entries()) {
      const n = 1e9 + index
      const answered = new Promise((resolve) => {
        const listener = (answer) => {
          if (answer.n !== n && answer.m !== n) return
          workerData.port.off('message', listener)
          resolve(answer)
        }
        workerData.port.on('message', listener)
      })
      workerData.port.postMessage({ n, m: n, ...message })
      codes.push((await answered).error?.data.code)
    }
    return codes
  },
  /** Ends the work of a real access with what is no set of changes. */
  async rawFinish({ id, changes }) {
    rawCalls += 1
    const n = 2e9 + rawCalls
    const ended = new Promise((resolve) => {
      const listener = (answer) => {
        if (answer.n !== n) return
        if (answer.kind === 'begin') return workerData.port.postMessage({ op: 'finish', n, changes })
        workerData.port.off('message', listener)
        resolve(answer.error?.data.code ?? answer.kind)
      }
      workerData.port.on('message', listener)
    })
    workerData.port.postMessage({ op: 'access', n, ids: [id], locks: { write: ['a'] } })
    return ended
  },
  /** Begins more calls than a thread may have under way; resolves with the code of the one that was refused. */
  async many({ ids, calls, name }) {
    let refuse
    const refused = new Promise((resolve) => (refuse = resolve))
    for (let call = 0; call < calls; call += 1) {
      holdfast.access(ids[call % ids.length], { write: ['a'] }, () => {}).catch((error) => refuse(error.message))
      // Not all in one go: the main thread must come to renew its lease in between.
      if (call % 500 === 250) await holdfast.release('another')
    }
    const message = await refused
    parentPort.postMessage({ entered: name })
    await gate(name)
    return message
  },
  /** A lock that is never granted, asked for from inside an access. */
  lockForever: ({ id, name }) =>
    holdfast.access(id, { write: ['a'] }, (session) => {
      session.state.a = 99
      parentPort.postMessage({ entered: name })
      return session.lock({ write: ['b'] })
    }),
})
