import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, type Environment, Stack, Stage } from 'aws-cdk-lib'
import { DomainName } from 'aws-cdk-lib/aws-apigatewayv2'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Role } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Tracing } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Holdfast, HoldfastStack } from '../../infra/index.js'
import { packageRoot } from '../../local/package-root.cjs'

/** A CDK app that somebody may deploy. */
export interface Variant {
  readonly name: string
  readonly hasFlags: boolean
  /** The places at which a rule does not hold, for a reason that is acknowledged. One more may be a mistake. */
  readonly acknowledged: number
  /** Adds the stacks to the app. */
  readonly build: (app: App) => void
}

const IRELAND: Environment = { account: '333333333333', region: 'eu-west-1' }
const CERTIFICATE = 'arn:aws:acm:eu-west-1:333333333333:certificate/c'
const CHINA: Environment = { account: '111111111111', region: 'cn-north-1' }
const GOVERNMENT: Environment = { account: '222222222222', region: 'us-gov-west-1' }

export const VARIANTS: readonly Variant[] = [
  { name: 'defaults', hasFlags: true, acknowledged: 61, build: (app) => void new HoldfastStack(app, 'Holdfast') },
  {
    name: 'no feature flags',
    hasFlags: false,
    acknowledged: 61,
    build: (app) => void new HoldfastStack(app, 'Holdfast'),
  },
  {
    name: 'a key, logs, metrics and traces',
    hasFlags: true,
    acknowledged: 56,
    build: (app) => {
      const stack = new Stack(app, 'Holdfast', { env: GOVERNMENT })
      const encryptionKey = new Key(stack, 'Key', { enableKeyRotation: true })
      const monitoring = { detailedMetrics: true, alarms: true, dashboard: true, tracing: Tracing.ACTIVE }
      const { alarms } = new Holdfast(stack, 'Holdfast', { encryptionKey, accessLogs: true, ...monitoring })
      const topic = Topic.fromTopicArn(stack, 'Alarms', stack.formatArn({ service: 'sns', resource: 'alarms' }))
      for (const alarm of alarms) alarm.addAlarmAction(new SnsAction(topic))
    },
  },
  {
    name: 'a domain name, tables that exist, roles by their names',
    hasFlags: true,
    acknowledged: 57,
    build: (app) => {
      const stack = new Stack(app, 'Holdfast', { env: IRELAND })
      const certificate = Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE)
      new Holdfast(stack, 'Holdfast', {
        domainName: new DomainName(stack, 'Domain', { domainName: 'sessions.example.com', certificate }),
        locksTable: Table.fromTableName(stack, 'Locks', 'locks'),
        sessionsTable: Table.fromTableName(stack, 'Sessions', 'sessions'),
        applicationRoles: [Role.fromRoleName(stack, 'Server', 'server')],
      })
    },
  },
  {
    name: 'two in one stack of a stage',
    hasFlags: true,
    acknowledged: 122,
    build: (app) => {
      const stack = new Stack(new Stage(app, 'Production', { env: CHINA }), 'Holdfast')
      new Holdfast(stack, 'One')
      new Holdfast(stack, 'Other')
    },
  },
]

/** The templates of a variant, and its app, in which rules are checked construct by construct. */
export function synthesize({ hasFlags, build }: Pick<Variant, 'hasFlags' | 'build'>, outdir: string) {
  const { context } = JSON.parse(readFileSync(join(packageRoot, 'cdk.json'), 'utf8'))
  const app = new App({ context: hasFlags ? context : {}, outdir })
  build(app)
  const assembly = app.synth()
  const stacks = [
    ...assembly.stacks,
    ...assembly.nestedAssemblies.flatMap(({ nestedAssembly }) => nestedAssembly.stacks),
  ]
  return { app, files: stacks.map(({ templateFullPath }) => templateFullPath) }
}
