import { ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Page } from 'playwright-core'
import type { Entry, LookFact } from '../../inspector/model/entry.js'
import { shownProcess, shownSession } from '../../local/inspector/facts.js'
import { expectText, serious } from '../e2e/inspector-page.js'
import { Browser, CHROMIUM } from '../support/browser.js'
import { CliStack } from './cli-stack.js'
import { inProcess, jsonOf, type Running, startInPipe } from './programs.js'
import { INSPECT, matches } from './shapes.js'

const suite = new CliStack()
const LOOK_MS = 3_000

if (CHROMIUM === undefined) console.warn('the page of holdfast inspect is not tested: there is no Chromium')
const inBrowser = CHROMIUM === undefined ? describe.skip : describe

/** The command as it was built, and the address that it has printed. */
async function started(...args: readonly string[]): Promise<{ readonly command: Running; readonly address: string }> {
  const command = startInPipe(['inspect', '--json', '--interval', '250', ...args], { env: suite.env })
  await command.shows('}\n')
  return { command, address: matches(INSPECT, JSON.parse(command.out)).address }
}

inBrowser('the page of a stack that is only looked at', () => {
  let browser: Browser
  let page: Page
  const problems: string[] = []
  beforeAll(async () => {
    browser = await Browser.start()
    page = await browser.page()
    page.on('pageerror', ({ message }) => problems.push(message))
  }, 30_000)
  afterAll(() => browser?.stop())

  const chosen = (key: string) => page.locator('.rows .row', { hasText: (shownSession(key) ?? '').split('#')[1] ?? '' })

  test('it shows processes, sessions, queues and commits, and that a session has changed hands', async () => {
    const [first, second] = [suite.client('alpha'), suite.client('beta')]
    const id = 'an-id-that-nobody-may-see'
    await first.access(id, 'all', ({ state }) => void (state.secret = 'hunter2'))
    const { key } = first.session(id)
    const { command, address } = await started()
    await page.goto(address)
    await expectText(page, '.look', 'Seen by looking at the tables', LOOK_MS)
    await expectText(page, '.process', 'alpha', LOOK_MS)
    await chosen(key).click()
    await expectText(page, '.panel-timeline .facts', 'alpha holds it', LOOK_MS)
    // As the other commands take it.
    await expectText(page, '.panel-timeline h2', `Timeline of ${shownSession(key)}`, LOOK_MS)

    await first.access(id, 'all', ({ state }) => void (state.secret = 'hunter3'))
    await page.getByRole('tab', { name: 'In words' }).click()
    await expectText(page, '.story li', /Since the look before, 1 commit was written/, LOOK_MS)

    let end = () => {}
    const until = new Promise<void>((resolve) => {
      end = resolve
    })
    const using = first.access(id, 'all', () => until)
    const waiting = second.access(id, 'all', () => {})
    await expectText(page, '.story li', /alpha holds it.*, beta waits/, LOOK_MS)
    end()
    await Promise.all([using, waiting])
    await page.getByRole('tab', { name: 'Handoffs' }).click()
    await expectText(page, '.handoff-list li', /alpha.*beta.*seen at a look/s, LOOK_MS)
    expect(await serious(page)).toEqual([])
    const shown = await page.content()
    expect([id, 'hunter2', 'hunter3', key].filter((secret) => shown.includes(secret))).toEqual([])
    expect(await page.locator('.figure h2').allTextContents()).toEqual(['Waiting'])
    expect(await page.getByRole('button', { name: /^(Evict|Read tables)/ }).count()).toBe(0)
    expect(`${command.out}${command.err}`).not.toContain(id)
    command.child.kill('SIGINT')
    expect((await command.ended).code).toBe(0)
  }, 60_000)

  test('with --write it ends a process, after a second click', async () => {
    const client = suite.client('gamma')
    await client.access('evicted', 'all', () => {})
    const lost = new Promise<unknown>((resolve) => client.on('lost', ({ error }) => resolve(error)))
    const { command, address } = await started('--write')
    await page.goto(address)
    await page.getByRole('button', { name: 'Evict gamma' }).click()
    await page.getByRole('button', { name: 'Yes, evict gamma' }).click()
    await expectText(page, '.process', /gamma.*evicted/s, LOOK_MS)
    expect(await lost).toMatchObject({ reason: 'evicted' })
    command.child.kill('SIGTERM')
    expect((await command.ended).code).toBe(0)
  }, 60_000)

  test('a look that fails is told, and the next one works', async () => {
    const { command, address } = await started()
    await page.goto(address)
    await expectText(page, '.look', 'The last look:', LOOK_MS)
    const clear = suite.stack.dynamodb.inject({
      beforeForward: ({ operation }) => (operation === 'Scan' ? { refuse: 'AccessDeniedException' } : undefined),
    })
    await expectText(page, '.look', 'The last look failed', 2 * LOOK_MS)
    clear()
    await expectText(page, '.look', 'The last look:', 2 * LOOK_MS)
    command.child.kill('SIGTERM')
    await command.ended
    expect(problems).toEqual([])
  }, 60_000)
})

test('without --write nothing can be written', async () => {
  const client = suite.client('delta')
  await client.access('kept', 'all', () => {})
  const { Items = [] } = await suite.admin.send(new ScanCommand({ TableName: suite.stack.locksTable }))
  const [process = ''] = Items.flatMap(({ pk, label }) => (label?.S === 'delta' ? [pk?.S?.slice(2) ?? ''] : []))
  const { command, address } = await started()
  const { origin } = new URL(address)
  const headers = { 'content-type': 'application/json', origin }
  const body = JSON.stringify({ process: shownProcess(process) })
  const answer = await fetch(`${address}evict`, { method: 'POST', headers, body })
  expect([answer.status, await answer.text()]).toEqual([403, 'this page only reads'])
  const foreign = { ...headers, origin: 'http://elsewhere.example' }
  expect((await fetch(`${address}evict`, { method: 'POST', headers: foreign, body })).status).toBe(403)
  command.child.kill('SIGTERM')
  await command.ended
}, 30_000)

test('its read units stay below their bound', async () => {
  const [perSecond, looks] = [10, 4]
  const client = suite.client('epsilon')
  await Promise.all(Array.from({ length: 30 }, (_, index) => client.access(`held-${index}`, 'all', () => {})))
  const { command, address } = await started('--read-units', String(perSecond))
  const found: (Entry & LookFact)[] = []
  for await (const entries of framesOf(address)) {
    for (const entry of entries) if (entry.kind === 'looked') found.push(entry)
    if (found.length >= looks) break
  }
  command.child.kill('SIGTERM')
  await command.ended
  const pairs = found
    .slice(1)
    .map((look, index) => ({ units: found[index]?.units ?? 0, ms: look.at - (found[index]?.at ?? 0) }))
  // More than the pause between two looks would pay for.
  for (const { units } of pairs) expect(units).toBeGreaterThan(perSecond * 0.25 + 5)
  for (const { units, ms } of pairs) expect(ms).toBeGreaterThan((900 * units) / perSecond)
}, 30_000)

/** The frames of entries that a page gets. */
async function* framesOf(address: string): AsyncGenerator<readonly Entry[]> {
  const { body } = await fetch(`${address}events`)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const frames = `${rest}${decoder.decode(chunk as Uint8Array, { stream: true })}`.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const data = /^data: (\[.*)$/m.exec(frame)?.[1]
      if (data !== undefined) yield JSON.parse(data) as Entry[]
    }
  }
}

test('a table that is not there ends it, before there is a page', async () => {
  const config = JSON.stringify({ ...suite.stack.config, sessionsTable: 'other' })
  const { code, out } = await inProcess(['inspect', '--json', '--config', config], {})
  expect([code, jsonOf({ code, out, err: '' })]).toEqual([
    1,
    { error: expect.objectContaining({ code: 'LOCKS_TABLE_UNKNOWN' }) },
  ])
})
