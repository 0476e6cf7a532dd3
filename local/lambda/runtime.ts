import { randomUUID } from 'node:crypto'
import type { FunctionSpec } from '../template/functions.js'
import { ExecutionEnvironment, type FunctionLogLine, type Outcome } from './execution-environment.js'

/** Environments of one function at a time. Lambda would start as many as there are invocations. */
const ENVIRONMENTS_MAX = 4
/** Invocations that may wait for an environment; beyond these the function is throttled. */
export const QUEUED_INVOCATIONS_MAX = 1_000

export interface FunctionRuntimeOptions {
  readonly spec: FunctionSpec
  readonly variables: Readonly<Record<string, string>>
  readonly onLog: (line: FunctionLogLine) => void
  /** @default {@link ENVIRONMENTS_MAX}, or the function's reserved concurrency if that is less */
  readonly environmentsMax?: number | undefined
}

interface Waiting {
  readonly event: unknown
  readonly finish: (outcome: Outcome) => void
}

/** Runs one Lambda function: starts environments as invocations need them, and replaces those that crash. */
export class FunctionRuntime {
  private readonly environments = new Set<ExecutionEnvironment>()
  private readonly waiting: Waiting[] = []
  private readonly ending = new Set<Promise<unknown>>()
  private readonly environmentsMax: number
  private isStopped = false

  constructor(private readonly options: FunctionRuntimeOptions) {
    const { environmentsMax = ENVIRONMENTS_MAX, spec } = options
    this.environmentsMax = Math.min(environmentsMax, spec.reservedConcurrency ?? environmentsMax)
  }

  /** Never rejects: a function's failure is an outcome. */
  invoke(event: unknown): Promise<Outcome> {
    if (this.isStopped) return Promise.resolve({ type: 'failed', error: 'the local stack has stopped' })
    if (this.waiting.length >= QUEUED_INVOCATIONS_MAX) return Promise.resolve({ type: 'failed', error: 'throttled' })
    return new Promise((finish) => {
      this.waiting.push({ event, finish })
      this.serve()
    })
  }

  /** Starts an environment before the first invocation, unless there is one. */
  load(): void {
    if (!this.isStopped && this.environments.size === 0) this.startEnvironment()
  }

  async stop(): Promise<void> {
    this.isStopped = true
    for (const { finish } of this.waiting.splice(0)) finish({ type: 'failed', error: 'the local stack has stopped' })
    for (const environment of this.environments) environment.stop()
    await Promise.all(this.ending)
  }

  private serve(): void {
    // Takes the environment that served last, as Lambda does. Its caches are warm, and the others stay frozen.
    for (const environment of [...this.environments].reverse()) {
      if (environment.state !== 'idle') continue
      const next = this.waiting.shift()
      if (next === undefined) return
      void this.run(environment, next)
    }
    let starting = [...this.environments].filter(({ state }) => state === 'starting').length
    while (starting < this.waiting.length && this.environments.size < this.environmentsMax) {
      this.startEnvironment()
      starting += 1
    }
  }

  private async run(environment: ExecutionEnvironment, { event, finish }: Waiting): Promise<void> {
    this.environments.delete(environment)
    this.environments.add(environment)
    finish(await environment.invoke(event, randomUUID()))
    this.serve()
  }

  private startEnvironment(): void {
    const { spec, variables, onLog } = this.options
    let isReady = false
    const onReady = () => {
      isReady = true
      this.serve()
    }
    const onGone = (ended: Promise<unknown>) => {
      this.environments.delete(environment)
      this.ending.add(ended)
      void ended.finally(() => this.ending.delete(ended))
      // If the module does not load, the invocation that needed it fails. Otherwise each start would cause another one.
      if (!isReady) this.waiting.shift()?.finish({ type: 'failed', error: 'the function did not start' })
      if (!this.isStopped) this.serve()
    }
    const environment = new ExecutionEnvironment({ spec, variables, onLog, onGone }, onReady)
    this.environments.add(environment)
  }
}
