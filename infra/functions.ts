import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Duration } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import {
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  type Tracing,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type LogGroupProps } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { packageRoot } from '../local/package-root.cjs'

export interface FunctionsProps {
  readonly environment: { readonly [name: string]: string }
  readonly memorySizeMb: number
  readonly logs: LogGroupProps
  readonly encryptionKey: IKey | undefined
  readonly tracing: Tracing | undefined
  readonly grantConcurrencyMax: number | undefined
  /** Whether there is a function for messages over HTTPS. */
  readonly https: boolean
}

/** The functions of a store. */
export interface HoldfastFunctions {
  /** Opens and closes connections, and answers `hello`. */
  readonly connection: IFunction
  /** Grants locks: `acquire` and `cancel`. */
  readonly grant: IFunction
  /** Releases locks and renews leases. */
  readonly release: IFunction
  /** All messages that come over HTTPS: undefined where there is no function URL. */
  readonly https: IFunction | undefined
}

/**
 * The functions, each under a role of its own that can write its own log and nothing else yet. `release` is
 * apart from `grant`, so that a storm of acquires cannot starve releases and renewals.
 */
export class Functions extends Construct implements HoldfastFunctions {
  readonly connection: LambdaFunction
  readonly grant: LambdaFunction
  readonly release: LambdaFunction
  /** All messages that come over HTTPS. */
  readonly https: LambdaFunction | undefined

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id)
    this.connection = this.lambda('connection', 'Connection', props, undefined)
    this.grant = this.lambda('grant', 'Grant', props, props.grantConcurrencyMax)
    this.release = this.lambda('release', 'Release', props, undefined)
    this.https = props.https ? this.lambda('https', 'Https', props, undefined) : undefined
  }

  get byName(): Readonly<Record<string, LambdaFunction>> {
    const { connection, grant, release, https } = this
    return { connection, grant, release, ...(https === undefined ? {} : { https }) }
  }

  private lambda(
    name: string,
    id: string,
    props: FunctionsProps,
    reservedConcurrentExecutions: number | undefined,
  ): LambdaFunction {
    const logGroup = new LogGroup(this, `${id}Log`, props.logs)
    const role = new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    logGroup.grantWrite(role)
    // Lambda decrypts the environment with the rights of the role.
    props.encryptionKey?.grantDecrypt(role)
    return new LambdaFunction(this, id, {
      description: `Holdfast: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundle(name)),
      handler: 'index.handler',
      memorySize: props.memorySizeMb,
      // A handler needs a few DynamoDB requests and at most one push each; API Gateway would wait 29 s.
      timeout: Duration.seconds(10),
      environment: { ...props.environment },
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Three records for each message would say that it began, ended and took so long, which the metrics say too.
      systemLogLevelV2: SystemLogLevel.WARN,
      ...(props.encryptionKey === undefined ? {} : { environmentEncryption: props.encryptionKey }),
      ...(props.tracing === undefined ? {} : { tracing: props.tracing }),
      ...(reservedConcurrentExecutions === undefined ? {} : { reservedConcurrentExecutions }),
    })
  }
}

function bundle(name: string): string {
  const folder = join(packageRoot, 'dist', 'lambda', name)
  if (!existsSync(folder)) throw new Error(`the bundled function is missing: ${folder} (make it with 'npm run build')`)
  return folder
}
