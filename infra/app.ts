import { App } from 'aws-cdk-lib'
import { propsFromContext } from './context.js'
import { HoldfastStack } from './stack.js'

/**
 * The CDK app of this repository: `npx cdk deploy`.
 *
 * `-c disposable=true` makes a stack for trials, whose tables `npx cdk destroy` deletes.
 */
// No part of a deployment reads the tree of constructs.
const app = new App({ treeMetadata: false })

new HoldfastStack(app, 'Holdfast', propsFromContext(app.node))
