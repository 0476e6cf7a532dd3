import { pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { FUNCTION_INIT_TIMEOUT_MS } from '../gateway/aws-limits.js'
import type { FunctionSpec } from '../template/functions.js'
import { BOOTSTRAP, type EnvironmentMessage, type InvocationRequest } from './bootstrap.js'

/** How an invocation ended. `failed` covers an error, a crash and a timeout: API Gateway sees no difference. */
export type Outcome =
  | { readonly type: 'returned'; readonly value: unknown }
  | { readonly type: 'failed'; readonly error: string }

/** A line that a function wrote, or that tells how an invocation of it failed. */
export interface FunctionLogLine {
  /** The logical id of the function. */
  readonly functionId: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface ExecutionEnvironmentOptions {
  readonly spec: FunctionSpec
  readonly variables: Readonly<Record<string, string>>
  readonly onLog: (line: FunctionLogLine) => void
  /** The environment crashed or was ended, and takes no further invocation. Its thread ends with the promise. */
  readonly onGone: (ended: Promise<unknown>) => void
}

/** One execution environment of a function: a worker thread that serves one invocation at a time, and freezes between. */
export class ExecutionEnvironment {
  /** Whether it takes invocations. */
  state: 'starting' | 'idle' | 'busy' | 'gone' = 'starting'
  private readonly worker: Worker
  private readonly inbox: MessageChannel['port1']
  private readonly wakeUp = new Int32Array(new SharedArrayBuffer(4))
  private timer: NodeJS.Timeout
  private finish: ((outcome: Outcome) => void) | undefined

  /** `onReady` is called once the module has loaded. A module that does not load ends the environment. */
  constructor(
    private readonly options: ExecutionEnvironmentOptions,
    private readonly onReady: () => void,
  ) {
    const { spec, variables } = options
    const { port1, port2 } = new MessageChannel()
    this.inbox = port1
    this.worker = new Worker(BOOTSTRAP, {
      eval: true,
      name: spec.logicalId,
      workerData: {
        inbox: port2,
        wakeUp: this.wakeUp,
        moduleUrl: pathToFileURL(spec.file).href,
        handlerName: spec.handler,
      },
      transferList: [port2],
      env: { ...variables },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
    })
    this.worker.on('message', (message: EnvironmentMessage) => this.received(message))
    this.worker.on('error', (error) =>
      this.end(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    )
    this.worker.on('exit', () => this.end('the process of the function exited'))
    // A listener for messages would keep the process alive again.
    this.worker.unref()
    this.timer = this.endAfter(FUNCTION_INIT_TIMEOUT_MS, 'the module took too long to load')
  }

  /** Runs the handler. The environment must be idle. */
  invoke(event: unknown, awsRequestId: string): Promise<Outcome> {
    if (this.state !== 'idle') throw new Error(`a function environment cannot be invoked while ${this.state}`)
    const { spec } = this.options
    this.state = 'busy'
    this.timer = this.endAfter(spec.timeoutMs, `the task timed out after ${spec.timeoutMs} ms`)
    return new Promise((finish) => {
      this.finish = finish
      const context = {
        awsRequestId,
        functionName: spec.name,
        invokedFunctionArn: spec.arn,
        memoryLimitInMB: String(spec.memoryMb),
        deadlineMs: Date.now() + spec.timeoutMs,
      }
      this.inbox.postMessage({ event, context } satisfies InvocationRequest)
      Atomics.store(this.wakeUp, 0, 1)
      Atomics.notify(this.wakeUp, 0)
    })
  }

  /** Ends the thread, and the invocation that it serves. */
  stop(): void {
    this.end('the local stack stopped')
  }

  private received(message: EnvironmentMessage): void {
    if (this.state === 'gone') return
    switch (message.type) {
      case 'output':
        return this.log(message.stream, message.text)
      case 'ready':
        clearTimeout(this.timer)
        this.state = 'idle'
        return this.onReady()
      case 'result':
        return this.finished({
          type: 'returned',
          value: message.json === undefined ? undefined : JSON.parse(message.json),
        })
      case 'failure':
        this.log('stderr', message.error)
        return this.finished({ type: 'failed', error: message.error })
    }
  }

  private finished(outcome: Outcome): void {
    clearTimeout(this.timer)
    this.state = 'idle'
    this.finish?.(outcome)
    this.finish = undefined
  }

  private endAfter(timeoutMs: number, error: string): NodeJS.Timeout {
    return setTimeout(() => this.end(error), timeoutMs).unref()
  }

  /** As Lambda does, a crash or a timeout ends the environment with the invocation that it served. */
  private end(error: string): void {
    if (this.state === 'gone') return
    clearTimeout(this.timer)
    this.state = 'gone'
    this.log('stderr', error)
    this.inbox.close()
    this.finish?.({ type: 'failed', error })
    this.options.onGone(this.worker.terminate())
  }

  private log(stream: 'stdout' | 'stderr', text: string): void {
    const { spec, onLog } = this.options
    for (const line of text.replace(/\n$/, '').split('\n')) onLog({ functionId: spec.logicalId, stream, text: line })
  }
}
