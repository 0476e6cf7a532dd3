import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type LocalStack, startLocalStack } from '../../../../local/index.js'
import { Browser } from './shop.js'

/** Two server processes of one application, on the store of the local stack. */
let stack: LocalStack
let children: ChildProcess[]
let urls: string[]

beforeAll(async () => {
  stack = await startLocalStack()
  children = [0, 1].map(() => {
    const env = { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...stack.env }
    return fork(join(__dirname, 'server.mjs'), { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  })
  const told = await Promise.all(children.map((child) => once(child, 'message') as Promise<[{ port: number }]>))
  urls = told.map(([{ port }]) => `http://127.0.0.1:${port}`)
}, 90_000)

afterAll(async () => {
  const exits = children.map((child) => once(child, 'exit'))
  for (const child of children) child.disconnect()
  await Promise.all(exits)
  await stack.stop()
})

const url = (n: number): string => urls[n % urls.length] ?? ''

test('a redirect that is followed at the headers, in the other process, finds the new session: 30 of 30', async () => {
  const found: string[] = []
  for (let n = 0; n < 30; n++) {
    const browser = new Browser()
    const response = await browser.fetch(`${url(n)}/start/${n}`)
    found.push(await browser.text(url(n + 1) + response.headers.get('location')))
  }
  expect(found).toEqual(Array.from({ length: 30 }, (_, n) => String(n)))
})

test('each of 40 overlapping adds is kept once', async () => {
  const browser = new Browser()
  await browser.text(`${url(0)}/count`, { method: 'POST' })
  await Promise.all(Array.from({ length: 40 }, (_, n) => browser.clone().text(`${url(n)}/count`, { method: 'POST' })))
  expect(await browser.text(`${url(1)}/count`)).toBe('41')
})

test('a session that is too large is an error, and the session stays as it was', async () => {
  const browser = new Browser()
  await browser.text(`${url(0)}/count`, { method: 'POST' })
  expect((await browser.fetch(`${url(1)}/large`)).status).toBe(500)
  expect(await browser.text(`${url(0)}/count`)).toBe('1')
})

test('login in one process, logout in the other', async () => {
  const browser = new Browser()
  await browser.text(`${url(0)}/count`, { method: 'POST' })
  const before = browser.clone()
  await browser.text(`${url(0)}/login`, { method: 'POST' })
  expect(await browser.text(`${url(1)}/user`)).toBe('Ada')
  expect((await before.fetch(`${url(1)}/user`)).status).toBe(409)
  const loggedIn = browser.clone()
  await browser.text(`${url(1)}/logout`, { method: 'POST' })
  expect((await loggedIn.fetch(`${url(0)}/user`)).status).toBe(409)
})
