import type { Consumer } from './consumer.js'

/** CDK apps of somebody who has the package, aws-cdk-lib and constructs, and nothing that could bundle functions. */

const IMPORTED = `import { App, Stack } from 'aws-cdk-lib'
import { Role } from 'aws-cdk-lib/aws-iam'
import { Holdfast, HoldfastStack } from 'holdfast/cdk'`
const REQUIRED = `const { App, Stack } = require('aws-cdk-lib')
const { Role } = require('aws-cdk-lib/aws-iam')
const { Holdfast, HoldfastStack } = require('holdfast/cdk')`

/** A store, and an application in a stack of its own. Prints how many functions and policies there are. */
const BODY = `
const app = new App({ outdir: 'cdk.out' })
const { holdfast } = new HoldfastStack(app, 'Sessions')
const application = new Stack(app, 'Application')
const imported = Holdfast.fromAttributes(application, 'Other', { apiId: 'a1', sessionsTableName: 'other' })
for (const store of [holdfast, imported]) store.grants.connect(Role.fromRoleName(application, \`RoleOf\${store.node.id}\`, 'server'))
const assembly = app.synth()
const count = (stack, type) => Object.values(assembly.getStackByName(stack).template.Resources)
  .filter(({ Type }) => Type === type).length
console.log(count('Sessions', 'AWS::Lambda::Function'), count('Application', 'AWS::IAM::Policy'))`

/** The old name of the entry stands for the same class. */
const IS_ALIAS = "require('holdfast/infra').Holdfast === Holdfast"

/** The same, with types that must not be `any`. */
const TYPED = `${IMPORTED}
import type { HoldfastProps, IHoldfast } from 'holdfast/cdk'
const props: HoldfastProps = { processesMax: 10 }
// @ts-expect-error: a prop is read-only.
props.processesMax = 20
// @ts-expect-error: there is no such prop.
const wrong: HoldfastProps = { processes: 10 }
// @ts-expect-error: an API has an id.
export const store = (stack: Stack): IHoldfast => Holdfast.fromAttributes(stack, 'Store', { sessionsTableName: 'x' })
export const tables = ({ locksTable, sessionsTable }: Holdfast): string[] => [locksTable.tableName, sessionsTable.tableArn]
export const names = ({ functions, api, stage }: Holdfast): string[] => [functions.grant.functionName, api.apiId, stage.url]
${BODY.replace('(stack, type)', '(stack: string, type: string)').replace('.filter(({ Type })', '.filter(({ Type }: any)').replace('Object.values(', 'Object.values<any>(')}
void wrong`

const TSC = [
  '--module',
  'nodenext',
  '--target',
  'es2022',
  '--types',
  'node',
  '--strict',
  '--skipLibCheck',
  '--pretty',
  'false',
]

/** What each app prints: each loads the whole CDK, so that there is one of TypeScript's modules and one that requires. */
export async function runCdkApps(consumer: Consumer) {
  await Promise.all(['aws-cdk-lib', 'constructs', '@types/node'].map((name) => consumer.link(name)))
  await consumer.write('typed-app.mts', TYPED)
  return {
    complaints: await consumer.tool('typescript/bin/tsc', ...TSC, 'typed-app.mts'),
    compiled: await consumer.start(['typed-app.mjs']),
    required: await consumer.node('app.cjs', `${REQUIRED}${BODY.replace(/\)$/, `, ${IS_ALIAS})`)}`),
  }
}
