import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { startLocalStack } from '../../local/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { builtExample } from './programs.js'

const run = promisify(execFile)

interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a part of a template, of any shape.
  readonly Properties: any
}

describe('the example lambda-api', () => {
  let folder: string
  let resources: readonly Resource[]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-lambda-api-'))
    await run(process.execPath, [builtExample('lambda-api/app.js')], {
      cwd: packageRoot,
      env: { ...process.env, CDK_OUTDIR: folder },
    })
    resources = Object.values(
      JSON.parse(readFileSync(join(folder, 'HoldfastLambdaApi.template.json'), 'utf8')).Resources,
    )
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const shop = () => {
    const found = resources.find(({ Properties }) => Properties?.Environment?.Variables?.HOLDFAST_CONFIG !== undefined)
    if (found === undefined) throw new Error('no function has HOLDFAST_CONFIG')
    return found.Properties
  }

  test('is a store, and an HTTP API whose function may use it', () => {
    const types = resources.map(({ Type }) => Type)
    expect(types.filter((type) => type === 'AWS::DynamoDB::Table')).toHaveLength(2)
    expect(types.filter((type) => type === 'AWS::ApiGatewayV2::Api')).toHaveLength(2)
    const routes = resources.filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    const keys = routes.map(({ Properties }) => Properties.RouteKey)
    expect(keys).toEqual(expect.arrayContaining(['POST /cart/{item}', 'GET /cart', 'DELETE /session']))
    const policies = JSON.stringify(resources.filter(({ Type }) => Type === 'AWS::IAM::Policy'))
    expect(policies).toContain('execute-api:Invoke')
    expect(shop()).toMatchObject({ Timeout: 15, Handler: 'index.handler' })
  })

  test('its bundle answers as API Gateway asks it', async () => {
    const asset = join(folder, `asset.${shop().Code.S3Key.replace('.zip', '')}`, 'index.mjs')
    const stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb() })
    try {
      const script = `
        const { handler } = await import(${JSON.stringify(pathToFileURL(asset).href)})
        const context = { getRemainingTimeInMillis: () => 10_000 }
        const ask = (routeKey, cookies, item) =>
          handler({ routeKey, cookies, pathParameters: { item } }, context)
        const first = await ask('POST /cart/{item}', ['__Host-shop=' + 'x'.repeat(43)], 'apple')
        const [cookie] = first.cookies[0].split(';')
        const more = await Promise.all(['pear', 'plum', 'fig'].map((item) => ask('POST /cart/{item}', [cookie], item)))
        const cart = await ask('GET /cart', [cookie])
        const gone = await ask('DELETE /session', [cookie])
        const none = await ask('GET /cart', [cookie])
        const all = [first, ...more, cart, gone, none].map(({ statusCode, body }) => [statusCode, JSON.parse(body)])
        console.log(JSON.stringify({ all, isNew: !cookie.includes('xxxx') }))
        process.exit()
      `
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, ...stack.env, AWS_LAMBDA_FUNCTION_NAME: 'shop' },
      })
      const { all, isNew } = JSON.parse(stdout)
      expect(isNew).toBe(true)
      expect(all.slice(0, 4).map(([status]: [number]) => status)).toEqual([200, 200, 200, 200])
      expect(all[4][1].cart.toSorted()).toEqual(['apple', 'fig', 'pear', 'plum'])
      expect(all.slice(5)).toEqual([
        [200, {}],
        [200, { cart: [] }],
      ])
    } finally {
      await stack.stop()
    }
  })
})
