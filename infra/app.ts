import { App, RemovalPolicy } from 'aws-cdk-lib'
import { HoldfastStack, type HoldfastStackProps } from './stack.js'

/**
 * The CDK app of this repository: `npx cdk deploy`.
 *
 * `-c incarnation=2` tells every client that the Locks table was emptied. `-c disposable=true` makes a stack for trials,
 * whose tables `npx cdk destroy` deletes.
 */
const app = new App()
const incarnation: unknown = app.node.tryGetContext('incarnation')
const disposable: unknown = app.node.tryGetContext('disposable')
const trial: HoldfastStackProps = { removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false }

new HoldfastStack(app, 'Holdfast', {
  // A number, where it comes from cdk.json.
  ...(typeof incarnation === 'string' || typeof incarnation === 'number' ? { incarnation: `${incarnation}` } : {}),
  ...(disposable === true || disposable === 'true' ? trial : {}),
})
