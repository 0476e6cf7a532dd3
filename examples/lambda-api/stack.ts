import { fileURLToPath } from 'node:url'
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { Holdfast, type HoldfastProps } from '../../infra/index.js'

/** The handler, bundled by esbuild: no Docker. */
const ENTRY = fileURLToPath(new URL('handler.js', import.meta.url))

const ROUTES = [
  [HttpMethod.POST, '/cart/{item}'],
  [HttpMethod.GET, '/cart'],
  [HttpMethod.DELETE, '/session'],
] as const

/** A store, and beside it an HTTP API whose function uses it. */
export class LambdaApiStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly holdfast?: HoldfastProps } = {}) {
    super(scope, id, props)
    const holdfast = new Holdfast(this, 'Holdfast', props.holdfast)
    const shop = new NodejsFunction(this, 'Shop', {
      entry: ENTRY,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      // Below the 30 s after which the HTTP API gives up: the function answers before that.
      timeout: Duration.seconds(15),
      environment: { HOLDFAST_CONFIG: holdfast.config },
      // With the AWS SDK that was tested, not the one that the runtime has on the day.
      bundling: { format: OutputFormat.ESM, mainFields: ['module', 'main'], minify: true, bundleAwsSDK: true },
    })
    holdfast.grants.connect(shop)
    const api = new HttpApi(this, 'Api')
    const integration = new HttpLambdaIntegration('ShopIntegration', shop)
    for (const [method, path] of ROUTES) api.addRoutes({ path, methods: [method], integration })
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint })
  }
}
