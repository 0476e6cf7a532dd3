import { App, RemovalPolicy } from 'aws-cdk-lib'
import { LambdaApiStack } from './stack.js'

/**
 * `npx cdk deploy --app 'node dist/esm/examples/lambda-api/app.js'`: the example on AWS. It is for trials: `npx cdk
 * destroy` with the same `--app` deletes all of it.
 */
new LambdaApiStack(new App(), 'HoldfastLambdaApi', {
  holdfast: { removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false },
})
