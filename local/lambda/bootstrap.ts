/** The message to an execution environment for one invocation. */
export interface InvocationRequest {
  readonly event: unknown
  readonly context: InvocationContext
}

interface InvocationContext {
  readonly awsRequestId: string
  readonly functionName: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly deadlineMs: number
}

/** A message from an execution environment. `json` is undefined where the function returned nothing. */
export type EnvironmentMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly json: string | undefined }
  | { readonly type: 'failure'; readonly error: string }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }

/**
 * The program of a worker thread, in place of Lambda's Node.js runtime. It is source text, because a worker needs plain
 * JavaScript, and this package may run from its TypeScript sources.
 *
 * Between two invocations it blocks its thread. Lambda does the same: it freezes an environment as soon as the handler
 * has returned. Work that the handler left running goes on only during the next invocation, if there is one.
 */
export const BOOTSTRAP = `'use strict'
const { parentPort, receiveMessageOnPort, workerData } = require('node:worker_threads')
const { inbox, wakeUp, moduleUrl, handlerName } = workerData

// A stream of a worker needs the event loop to drain, which stands still while frozen: send each piece at once.
for (const name of ['stdout', 'stderr']) {
  process[name].write = (chunk, encoding, callback) => {
    parentPort.postMessage({ type: 'output', stream: name, text: Buffer.from(chunk).toString() })
    const done = typeof encoding === 'function' ? encoding : callback
    if (done !== undefined) process.nextTick(done)
    return true
  }
}

async function run() {
  const handler = (await import(moduleUrl))[handlerName]
  if (typeof handler !== 'function') throw new Error('the module exports no function ' + handlerName)
  parentPort.postMessage({ type: 'ready' })
  for (;;) {
    let received = receiveMessageOnPort(inbox)
    // On a busy machine it is woken before the message can be received.
    while (received === undefined) {
      Atomics.wait(wakeUp, 0, 0)
      Atomics.store(wakeUp, 0, 0)
      received = receiveMessageOnPort(inbox)
    }
    const { event, context } = received.message
    const { deadlineMs, ...rest } = context
    const getRemainingTimeInMillis = () => Math.max(0, deadlineMs - Date.now())
    try {
      const result = await handler(event, { ...rest, functionVersion: '$LATEST', getRemainingTimeInMillis })
      parentPort.postMessage({ type: 'result', json: JSON.stringify(result) })
    } catch (error) {
      const text = error instanceof Error && error.stack !== undefined ? error.stack : String(error)
      parentPort.postMessage({ type: 'failure', error: text })
    }
  }
}

run()
`
