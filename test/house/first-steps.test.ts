import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createHoldfast } from '../../client/index.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { freePort } from '../../local/listen.js'
import { packageRoot } from '../../local/package-root.cjs'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'

const DOCUMENT = readFileSync(join(packageRoot, 'docs/guide/first-steps.md'), 'utf8')
/** In the package, so that the server imports it by its name, as an application does. */
const FOLDER = join(packageRoot, 'dist', 'first-steps')
/** As many as the document sends to each server. */
const AT_ONCE = 50

/** Shorter than a lease: a session that nobody gave back could not be had in this time. */
const SOON_MS = 10_000

let stack: LocalStack
let id = ''
const servers: ChildProcess[] = []

beforeAll(async () => {
  stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb() })
  const [, code = ''] = /^```js\n(.*?)^```/ms.exec(DOCUMENT) ?? []
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, 'server.mjs'), code)
}, 60_000)

afterAll(async () => {
  for (const server of servers) server.kill('SIGKILL')
  await stack?.stop()
  rmSync(FOLDER, { recursive: true, force: true })
})

/** Starts the server as the document says, and returns its address once it has said that it answers. */
async function start(): Promise<string> {
  const port = await freePort('the server')
  const env = { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...stack.env }
  const server = spawn(process.execPath, ['server.mjs', String(port)], { cwd: FOLDER, env, stdio: 'pipe' })
  servers.push(server)
  const [said] = await once(createInterface({ input: server.stdout }), 'line')
  expect(said).toBe(`server-${port} answers`)
  return `http://127.0.0.1:${port}`
}

test('the server of the first steps keeps what two of it are told at once', async () => {
  const [one, other] = [await start(), await start()]
  const first = await fetch(`${one}/cart/apple`, { method: 'POST' })
  expect(await first.json()).toEqual(['apple'])
  const headers = { cookie: first.headers.get('set-cookie')?.split(';')[0] ?? '' }
  id = /s%3A([^.]+)\./.exec(headers.cookie)?.[1] ?? ''
  const add = async (origin: string, item: string): Promise<unknown> =>
    (await fetch(`${origin}/cart/${item}`, { method: 'POST', headers })).json()
  expect(await add(other, 'pear')).toEqual(['apple', 'pear'])
  expect(DOCUMENT).toContain(`seq ${AT_ONCE}`)
  const items = Array.from({ length: AT_ONCE }, (_, index) => [add(one, `a${index}`), add(other, `b${index}`)])
  await Promise.all(items.flat())
  const cart = (await (await fetch(`${one}/cart`, { headers })).json()) as string[]
  expect(new Set(cart).size).toBe(2 + 2 * AT_ONCE)
  expect(DOCUMENT).toContain(`all ${cart.length} in the end`)
}, 120_000)

test('its servers end by a signal, and give the session back', async () => {
  for (const server of servers) {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  }
  const { config, credentials } = stack
  const holdfast = createHoldfast<{ cart: string[] }>({ namespace: 'shop', config, credentials, timeoutMs: SOON_MS })
  const size = await holdfast.access(id, { read: ['cart'] }, ({ state }) => state.cart?.length)
  await holdfast.close()
  expect(size).toBe(2 + 2 * AT_ONCE)
}, 60_000)
