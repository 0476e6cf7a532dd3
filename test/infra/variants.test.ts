import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, type Environment, Stack, Stage } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Holdfast, HoldfastStack } from '../../infra/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { brokenPromises } from '../deploy/promises.js'
import { createApp, type Part } from './synthesis.js'

/** All that CDK recommends for a new app. */
const RECOMMENDED = JSON.parse(
  readFileSync(join(packageRoot, 'node_modules/aws-cdk-lib/recommended-feature-flags.json'), 'utf8'),
)
const FLAGS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['no feature flags', {}],
  ['the recommended feature flags', RECOMMENDED],
]

/** What holds the data, and the address of it. */
const HOLDERS = ['AWS::DynamoDB::Table', 'AWS::ApiGatewayV2::Api', 'AWS::ApiGatewayV2::Stage']

const holders = (template: Part): readonly string[] =>
  Object.entries<Part>(template.Resources)
    .filter(([, { Type }]) => HOLDERS.includes(Type))
    .map(([id]) => id)

const templateOf = (stack: Stack): Part => Template.fromStack(stack).toJSON()

const appWith = (context: Record<string, unknown>) => new App({ context, outdir: createApp().outdir })

describe.each(FLAGS)('under %s', (_, context) => {
  test('the promises hold, and what holds the data keeps its logical ids: changing one deletes every session', () => {
    const template = templateOf(new HoldfastStack(appWith(context), 'Holdfast'))
    expect(brokenPromises(template)).toEqual([])
    expect(holders(template)).toEqual([
      'HoldfastTablesLocksA1D1796D',
      'HoldfastTablesSessions6BB34B6C',
      'HoldfastSocketApiE4C3FAA6',
      'HoldfastSocketStageDBD01A98',
    ])
  })

  test('two stores in one stack share nothing but what they were given', () => {
    const stack = new Stack(appWith(context), 'Both')
    const encryptionKey = new Key(stack, 'Key')
    for (const id of ['One', 'Other']) new Holdfast(stack, id, { encryptionKey, accessLogs: true })
    const template = templateOf(stack)
    expect(brokenPromises(template)).toEqual([])
    const [one, other] = [Array(4).fill('One'), Array(4).fill('Other')]
    expect(holders(template).map((id) => id.replace(/(Tables|Socket).*/, ''))).toEqual([...one, ...other])
    const ofOne = Object.entries<Part>(template.Resources).filter(([id]) => id.startsWith('One'))
    expect(ofOne.filter(([, resource]) => JSON.stringify(resource).includes('"Other'))).toEqual([])
    const apis = Object.values<Part>(template.Resources).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Api')
    expect(new Set(apis.map(({ Properties }) => JSON.stringify(Properties.Name))).size).toBe(2)
  })

  test.each<[string, Environment, string]>([
    ['China', { account: '111111111111', region: 'cn-north-1' }, 'aws-cn'],
    ['the US government', { account: '222222222222', region: 'us-gov-west-1' }, 'aws-us-gov'],
  ])('a stage in the partition of %s names nothing of another', (_name, env, partition) => {
    const stage = new Stage(appWith(context), 'Production', { env })
    const stack = new Stack(stage, 'Holdfast')
    const holdfast = new Holdfast(stack, 'Holdfast', { encryptionKey: new Key(stack, 'Key'), accessLogs: true })
    const template = templateOf(stack)
    expect(brokenPromises(template)).toEqual([])
    const text = JSON.stringify([template.Resources, stack.resolve([holdfast.url, holdfast.config])])
    const arns = [...text.matchAll(/\barn:([\w-]+):/g)].map(([, name]) => name)
    expect(new Set(arns)).toEqual(new Set(arns.length === 0 ? [] : [partition]))
    expect(text).not.toMatch(/execute-api\.[\w-]+\.amazonaws\.com\b/)
    expect(holders(template)).toHaveLength(4)
    // Each principal of a service is the same in all partitions, but for that of the logs.
    const services = [...text.matchAll(/"Service":"([^"]+)"/g)].map(([, name]) => name)
    expect(new Set(services)).toEqual(new Set(['lambda.amazonaws.com']))
    expect(text).toContain(`"logs.${env.region}."`)
  })

  test('a stack that knows neither account nor region has them written at deployment', () => {
    const stack = new Stack(appWith(context), 'Anywhere')
    new Holdfast(stack, 'Holdfast', { encryptionKey: new Key(stack, 'Key') })
    const template = templateOf(stack)
    expect(brokenPromises(template)).toEqual([])
    expect(JSON.stringify(template)).not.toMatch(/\barn:aws|\d{12}/)
  })
})
