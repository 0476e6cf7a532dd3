import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Gateway } from '../../local/gateway/gateway.js'
import { FunctionRuntime } from '../../local/lambda/runtime.js'
import { packageRoot } from '../../local/package-root.cjs'
import { contentsOf } from '../support/contents.js'
import { LocalStackSuite } from './local-stack-suite.js'

/** From its last statement on: a lease, an idle connection and a grace period are all longer. */
const ENDS_WITHIN_MS = 2_000

/** After `over()`, a program says how long it still takes to end, and what keeps it from that. */
const PRELUDE = `
  const { createHoldfast } = require('holdfast')
  const { createMemoryStack } = require('holdfast/testing')
  const { Worker } = require('node:worker_threads')
  const increment = ({ state }) => { state.n = (state.n ?? 0) + 1 }
  const inThread = (code, port) => new Worker(
    "const { connectHoldfast } = require('holdfast/worker')\\n" +
    "const holdfast = connectHoldfast(require('node:worker_threads').workerData.port)\\n" + code,
    { eval: true, workerData: { port }, transferList: [port] })
  const exited = (worker) => new Promise((resolve) => worker.once('exit', resolve))
  const turns = async () => { for (let n = 0; n < 3; n += 1) await new Promise(setImmediate) }
  async function over() {
    await turns()
    const overMs = performance.now()
    const left = process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY|FSReq)/.test(name))
    process.on('exit', () => console.log(JSON.stringify({ left, tookMs: performance.now() - overMs })))
  }
`

/** The parts of the stack that have containers. */
const gateways = jest.spyOn(Gateway.prototype, 'start')
const runtimes = jest.spyOn(FunctionRuntime.prototype, 'load')

/** The containers of the stack, but those of the environments that its functions need. */
function held(): string[] {
  const roots: object[] = [...gateways.mock.contexts, ...runtimes.mock.contexts]
  return roots.flatMap((root) =>
    [...contentsOf(root).containers]
      .filter(([path]) => !path.startsWith('.environments'))
      .map(([path, size]) => `${root.constructor.name}${path} has ${size}`),
  )
}

interface Ended {
  /** What would keep the process alive at its last statement. */
  readonly left: readonly string[]
  readonly tookMs: number
}

describe('a program', () => {
  const suite = new LocalStackSuite({}, 'suite')
  let atStart: readonly string[]
  beforeAll(() => {
    atStart = held()
  })

  async function run(program: string): Promise<Ended> {
    const args = ['-e', `${PRELUDE}\n(async () => {${program}\n})()`]
    const env = { ...process.env, ...suite.stack.env, NODE_NO_WARNINGS: '1' }
    const child = spawn(process.execPath, args, { cwd: packageRoot, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
    // One that does not end shows by what it has printed, and not by a test that hangs.
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    expect(await once(child, 'close')).toEqual([0, null])
    clearTimeout(timer)
    return JSON.parse(printed)
  }

  const NOTHING = { left: [], tookMs: expect.any(Number) }

  it.each([
    [
      'has closed its client, with sessions held',
      `const holdfast = createHoldfast({ namespace: 'ends' })
       await holdfast.access('a', 'all', increment)
       await holdfast.access('b', 'all', increment, { durability: 'release' })
       await holdfast.peek('c')
       await holdfast.close()
       await over()`,
    ],
    [
      'has closed its client while accesses ran and waited',
      `const holdfast = createHoldfast({ namespace: 'ends' })
       const calls = []
       await new Promise((inside) => calls.push(holdfast.access('d', 'all', () => new Promise(inside))))
       calls.push(holdfast.access('d', 'all', increment), holdfast.access('e', 'all', increment))
       const ended = Promise.allSettled(calls)
       await holdfast.close({ drainMs: 10 })
       await ended
       await over()`,
    ],
    [
      'has not closed a client that it never used',
      `createHoldfast({ namespace: 'ends', closeOnSignals: true }).workerPort()
       await over()`,
    ],
    [
      'has not closed a client that only peeked',
      `await createHoldfast({ namespace: 'ends' }).peek('a')
       await over()`,
    ],
    [
      'has closed its client, and a worker thread has used it and not closed its own',
      `const holdfast = createHoldfast({ namespace: 'ends' })
       const thread = inThread("holdfast.access('f', 'all', ({ state }) => { state.n = 1 })", holdfast.workerPort())
       await exited(thread)
       await holdfast.close()
       await over()`,
    ],
    [
      'has closed its client under a worker thread that has nothing more to do',
      `const holdfast = createHoldfast({ namespace: 'ends' })
       const thread = inThread("holdfast.access('g', 'all', ({ state }) => { state.n = 1 }).then(() => {" +
         "const { parentPort } = require('node:worker_threads'); parentPort.once('message', () => {}); parentPort.postMessage(1) })",
         holdfast.workerPort())
       await new Promise((used) => thread.once('message', used))
       await holdfast.close()
       thread.postMessage('end')
       await exited(thread)
       await over()`,
    ],
    [
      'has stopped its memory stack',
      `const stack = createMemoryStack()
       const holdfast = createHoldfast({ namespace: 'ends', config: stack.config })
       await holdfast.access('a', 'all', increment)
       await stack.stop()
       await over()`,
    ],
    [
      'has neither stopped its memory stack nor closed its client',
      `const { config } = createMemoryStack()
       const holdfast = createHoldfast({ namespace: 'ends', config })
       await holdfast.access('a', 'all', increment)
       await holdfast.access('b', 'all', increment, { durability: 'access' })
       await over()`,
    ],
  ])('that %s ends by itself, and nothing keeps it', async (_, program) => {
    const ended = await run(program)
    expect(ended).toEqual(NOTHING)
    expect(ended.tookMs).toBeLessThan(ENDS_WITHIN_MS)
  })

  it('that ended leaves nothing in the local stack', async () => {
    expect([gateways, runtimes].map(({ mock }) => mock.contexts.length)).toEqual([1, 3])
    // The gateway hears of the last connection in a turn of the event loop.
    for (let turn = 0; turn < 1_000 && held().join() !== atStart.join(); turn += 1) await new Promise(setImmediate)
    expect(held()).toEqual(atStart)
  })
})
