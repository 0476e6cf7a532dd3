import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { readSession } from '../../cli/stack/session-argument.js'
import type { Terminal } from '../../cli/terminal.js'
import { sessionKey } from '../../client/session/session-key.js'
import { timelineOf } from '../../inspector/model/timeline.js'
import type { LocalStack } from '../../local/index.js'
import { shownSession } from '../../local/inspector/facts.js'
import { Browser, CHROMIUM } from '../support/browser.js'
import { timesEffort } from '../support/effort.js'
import { Random } from '../support/random.js'
import { sharedDynamoDb } from '../support/shared-dynamodb.js'
import { breakTheStore, cutConnections, stopAndStart, takenIn } from './inspector-faults.js'
import { aSecond, expectText, exported, next, pauseAWhile, press, serious, WAIT_MS } from './inspector-page.js'
import { AppProcess } from './processes.js'

/** Leases short enough that a crash costs some seconds, and long enough that a busy machine renews them. */
const TIMING = {
  leaseMs: 6_000,
  maxBusyMs: 4_000,
  busyAfterMs: 500,
  nudgeAfterMs: 500,
  roundTripMs: 2_000,
  clockErrorMs: 50,
  clientMarginMs: 300,
  storeMarginMs: 300,
}
const HANDOFFS = timesEffort(40)
/** Each test waits for a few things. */
const TEST_MS = 4 * WAIT_MS
const TOUR_MS = 20 * WAIT_MS
jest.setTimeout(TEST_MS)
const LABELS = ['alpha', 'beta', 'gamma'] as const

if (CHROMIUM === undefined)
  console.warn('the page of the inspector is not tested: there is no Chromium (Debian: chromium)')

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the page of the inspector', () => {
  let stack: AppProcess
  let browser: Browser
  let page: Page
  let address: string
  const problems: string[] = []

  beforeAll(async () => {
    const options = { timing: TIMING, dynamoDbLocal: await sharedDynamoDb() }
    stack = new AppProcess({ env: {} } as LocalStack, 'inspected-stack.mjs', options)
    const [ready] = await Promise.all([
      stack.waitFor(({ event }) => event === 'ready'),
      Browser.start().then((started) => {
        browser = started
      }),
    ])
    address = String(ready.address)
    page = await browser.page()
    page.on('pageerror', ({ message }) => problems.push(message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(address)
  })

  afterAll(async () => {
    await browser?.stop()
    await stack?.command('stop')
    await stack?.exited
  })

  const access = (label: string, id: string) => stack.command('access', { label, id })
  const shown = (id: string) => shownSession(sessionKey('inspected', id)) ?? ''
  const choose = async (id: string) => {
    await page.getByRole('searchbox').fill(id)
    await page.locator('.rows .row', { hasText: shown(id).split('#')[1] ?? '' }).click()
  }

  test('a handoff appears within a second', async () => {
    await access('alpha', 'seen')
    await choose('seen')
    await access('beta', 'seen')
    await expectText(page, '.handoff-list li:first-child', /alpha.*beta/, await aSecond(page))
  })

  test(
    'its bars are those of the records and of the clients, for random handoffs',
    async () => {
      const random = new Random(Date.now() % 1_000_000)
      const id = 'bars'
      for (let count = 0; count < HANDOFFS; count += 1) await access(random.pick(LABELS), id)
      const { value: grants } = await stack.command('grants')
      const own = (grants as { label: string; session: string; epoch: number }[]).filter(
        ({ session }) => session === sessionKey('inspected', id),
      )
      await choose(id)
      await expectText(page, '.handoff-list li:first-child', own.at(-1)?.label ?? '', await aSecond(page))
      const { entries, processes, sessions } = await exported(page)
      const labels = new Map(processes.map(({ process, label }) => [process, label]))
      const bars = timelineOf(
        entries.filter((entry) => 'session' in entry && entry.session === shown(id)),
      ).spans.filter(({ kind }) => kind === 'hold')
      expect(bars.map(({ process, epoch }) => [labels.get(process), epoch])).toEqual(
        own.map(({ label, epoch }) => [label, epoch]),
      )
      const { value: record } = await stack.command('record', { session: sessionKey('inspected', id) })
      const row = sessions.find(({ session }) => session === shown(id))
      const { epoch, holder } = record as { epoch: number; holder: string }
      expect(row).toMatchObject({ epoch, holder: holder.slice(0, row?.holder?.length) })
    },
    timesEffort(240_000),
  )

  test('messages over HTTPS are shown like those of a connection', async () => {
    await stack.command('access', { label: 'without-connection', id: 'by-https', transport: 'https' })
    await choose('by-https')
    await expectText(page, '.sequence-words li', 'Over HTTPS without-connection asks for the session.', WAIT_MS)
    await expectText(page, '.sequence-words li', 'without-connection is told that it has the lock', WAIT_MS)
    await expectText(page, '.process', /without-connection.*over HTTPS/s, WAIT_MS)
  })

  test('a search finds a session by its id, and sends nothing', async () => {
    const sent: string[] = []
    const note = (request: { url(): string; postData(): string | null }) =>
      sent.push(`${request.url()} ${request.postData()}`)
    page.on('request', note)
    const id = 'an-id-that-nobody-else-may-know'
    await access('alpha', id)
    await page.getByRole('searchbox').pressSequentially(id)
    await page.getByRole('searchbox').fill(id)
    await expectText(page, '.rows .row', shown(id).split('#')[1] ?? '', WAIT_MS)
    expect(await page.locator('.rows .row').count()).toBe(1)
    page.off('request', note)
    expect(sent).toEqual([])
    await page.getByRole('searchbox').fill('')
  })

  test('another page, another token and another name for this machine get nothing', async () => {
    const other = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>other</title>'),
    )
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const attacker = await browser.page()
    try {
      const { port } = other.address() as { port: number }
      await attacker.goto(`http://127.0.0.1:${port}/`)
      const tried = await attacker.evaluate(async (url) => {
        const read = async (path: string, init?: object) =>
          fetch(`${url}${path}`, init)
            .then(() => 'read')
            .catch(() => 'failed')
        const body = JSON.stringify({ do: 'restartGateway' })
        const headers = { 'content-type': 'application/json' }
        return [await read('app.js'), await read('events'), await read('play', { method: 'POST', headers, body })]
      }, address)
      expect(tried).toEqual(['failed', 'failed', 'failed'])
      const { pathname, port: own } = new URL(address)
      const rebinding = await attacker.goto(`http://rebinding.example:${own}${pathname}`)
      expect(rebinding?.status()).toBe(403)
      const wrong = await attacker.goto(`http://127.0.0.1:${own}/${'A'.repeat(32)}/`)
      expect(wrong?.status()).toBe(403)
    } finally {
      await attacker.close()
      other.close()
    }
  })

  test('a timeline in a file shows the same without a server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-timeline-'))
    const saved = await browser.page()
    const failed: string[] = []
    saved.on('console', (message) => message.type() === 'error' && failed.push(message.text()))
    saved.on('pageerror', ({ message }) => failed.push(message))
    try {
      const file = join(folder, 'timeline.html')
      await stack.command('write', { file })
      await saved.goto(`file://${file}`)
      await saved.getByRole('searchbox').fill('seen')
      await saved.locator('.rows .row', { hasText: shown('seen').split('#')[1] ?? '' }).click()
      await expectText(saved, '.handoff-list li:first-child', /alpha.*beta/, WAIT_MS)
      expect(failed).toEqual([])
    } finally {
      await saved.close()
      await rm(folder, { recursive: true, force: true })
    }
  })

  test(
    'the keyboard alone finishes the tour, and each of its faults is shown as it is',
    async () => {
      await stack.command('offer')
      await page.getByRole('button', { name: 'Take the tour' }).waitFor({ timeout: WAIT_MS })
      await press(page, 'Take the tour')
      await press(page, /^Visit server-\d 5 times$/)
      await next(page, 'Next: Handed over')
      await press(page, /^Visit server-\d$/)
      await next(page, 'Next: Queue')
      // Who comes back is at the same step.
      await page.reload()
      await expectText(page, '.tour h2', 'Queue', WAIT_MS)
      await press(page, 'Visit all servers at once')
      await next(page, 'Next: Crash')
      await press(page, /Kill server-\d/)
      await expectText(page, '.process-killed', 'killed', WAIT_MS)
      await press(page, /b ?Visit server-\d/)
      await page.locator('.kind-taken').first().waitFor({ timeout: WAIT_MS })
      await press(page, /Start server-\d again/)
      await next(page, 'Next: Freeze')
      await press(page, /Freeze server-\d/)
      await expectText(page, '.process-frozen', 'frozen', WAIT_MS)
      await press(page, /b ?Visit server-\d/)
      // The first was that of the crash.
      await page.locator('.kind-taken').nth(1).waitFor({ timeout: WAIT_MS })
      await press(page, /Thaw server-\d again/)
      await next(page, 'Next: Lost pushes')
      await press(page, /Lose all pushes/)
      await page.locator('.segment-fault[aria-pressed="true"]').waitFor({ timeout: WAIT_MS })
      const before = await page.locator('.handoff-list li').count()
      await press(page, /b ?Visit server-\d/)
      await page.locator('.handoff-list li').nth(before).waitFor({ timeout: WAIT_MS })
      await press(page, /Deliver pushes again/)
      await expectText(page, '.tour', 'That was the tour', WAIT_MS)
      expect(await page.locator('.tour-steps .past').count()).toBe(5)
      const { entries } = await exported(page)
      for (const taken of takenIn(entries)) expect(taken).toMatch(/^(nudged|asked after its lease)$/)
      // On a busy machine another lease may end, too.
      expect(takenIn(entries).length).toBeGreaterThanOrEqual(2)
    },
    TOUR_MS,
  )

  test(
    'cut connections, lost pushes, a throttled gateway, a database that refuses and none are shown, and an orderly end',
    async () => {
      await cutConnections(page)
      await breakTheStore(page)
      await stopAndStart(page, 'server-3')
      expect(await page.locator('.segment-fault[aria-pressed="true"]').count()).toBe(0)
    },
    3 * TEST_MS,
  )

  test('a name that is copied is one that the command takes', async () => {
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await choose('seen')
    await page.getByRole('button', { name: `Copy ${shown('seen')}` }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor({ timeout: WAIT_MS })
    const copied = String(await page.evaluate('navigator.clipboard.readText()'))
    expect(copied).toBe(shown('seen'))
    const terminal = { environment: {} } as Terminal
    expect(await readSession(copied, {}, terminal)).toEqual({ kind: 'hash', start: copied })
    await page.getByRole('button', { name: 'Unpin' }).click()
  })

  test('a server whose clock jumps drops what it holds, and goes on as another process', async () => {
    const server = page.locator('.process', { has: page.getByRole('button', { name: 'Clock server-2' }) })
    const id = () => server.locator('.lease-facts', { hasText: 'holds 1' }).locator('code').first().textContent()
    await server.getByRole('button', { name: 'Visit server-2' }).click()
    await server.locator('.lease-facts', { hasText: 'holds 1' }).first().waitFor({ timeout: WAIT_MS })
    const before = await id()
    await server.getByRole('button', { name: 'Clock server-2' }).click()
    await server.locator('.state-ahead', { hasText: 'clock +' }).waitFor({ timeout: WAIT_MS })
    await server.getByRole('button', { name: 'Visit server-2' }).click()
    await server
      .locator('.lease-facts', { hasText: 'holds 1' })
      .filter({ hasNotText: before ?? '' })
      .first()
      .waitFor({ timeout: WAIT_MS })
    expect(await server.locator('.state-ahead').count()).toBe(1)
  })

  test('a paused page stands still, hangs up, gives no commands, and goes on where it was', async () => {
    await access('alpha', 'paused')
    await choose('paused')
    await expectText(page, '.panel-timeline .facts', 'alpha holds it', WAIT_MS)
    await pauseAWhile(page, () => access('beta', 'paused'))
    await expectText(page, '.panel-timeline .facts', 'beta holds it', WAIT_MS)
    await page.getByRole('button', { name: 'Unpin' }).click()
  })

  test.each(['light', 'dark'] as const)('axe finds nothing serious in the %s theme', async (theme) => {
    await page.emulateMedia({ reducedMotion: 'reduce' })
    const now = await page.evaluate('document.documentElement.dataset.theme')
    if (now !== theme) await page.getByRole('button', { name: `Switch to the ${theme} theme` }).click()
    expect(await serious(page)).toEqual([])
  })

  test('time goes back, and comes again', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await expectText(page, '.status', 'paused at', WAIT_MS)
    await page.getByRole('slider').focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('button', { name: 'Go live' }).click()
    await expectText(page, '.status', 'live', WAIT_MS)
    expect(problems).toEqual([])
  })
})
