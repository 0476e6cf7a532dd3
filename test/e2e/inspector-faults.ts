import type { Page } from 'playwright-core'
import type { Entry } from '../../inspector/model/entry.js'
import { timelineOf } from '../../inspector/model/timeline.js'
import { expectText, WAIT_MS } from './inspector-page.js'

/** What the page shows of each fault that it can make. */

const AGAIN_MS = 5_000
const SERVERS = ['server-1', 'server-2', 'server-3']

const processOf = (page: Page, server: string) =>
  page.locator('.process', { has: page.locator('.server-name', { hasText: server }) })

/** Its process, and the number of its open connection. */
async function connectionOf(page: Page, server: string): Promise<string> {
  const open = processOf(page, server)
    .locator('.lease-facts', { has: page.locator('.link-open') })
    .last()
  await open.waitFor({ timeout: WAIT_MS })
  const [process, title] = [open.locator('code'), open.locator('.link-open')]
  return `${await process.textContent()} ${await title.getAttribute('title')}`
}

/** It has another connection than before. */
async function reconnected(page: Page, server: string, before: string | undefined): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while ((await connectionOf(page, server)) === before) {
    if (Date.now() > deadline) throw new Error(`${server} has no other connection than ${before}`)
  }
}

/** One connection is cut, then all of them with their gateway: each server comes back over another. */
export async function cutConnections(page: Page): Promise<void> {
  const visitAll = () => page.getByRole('button', { name: 'Visit all at once' }).click()
  await visitAll()
  const before = new Map<string, string>()
  for (const server of SERVERS) before.set(server, await connectionOf(page, server))
  await page.getByRole('button', { name: 'Cut server-1' }).click()
  // A process that holds nothing connects when it is needed.
  await visitAll()
  await reconnected(page, 'server-1', before.get('server-1'))
  for (const server of SERVERS) before.set(server, await connectionOf(page, server))
  await page.getByRole('button', { name: 'Restart gateway' }).click()
  await page.locator('.link-cut').first().waitFor({ timeout: WAIT_MS })
  await visitAll()
  for (const server of SERVERS) await reconnected(page, server, before.get(server))
}

/**
 * Pushes get lost, the gateway throttles, DynamoDB refuses and is gone: each is shown while it lasts, and a request gets
 * through in the end.
 */
export async function breakTheStore(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'In words' }).click()
  const fault = async (name: string, isOn: boolean) => {
    await page.getByRole('button', { name }).click()
    const shown = page.locator(`.segment-fault[aria-pressed="${isOn}"]`, { hasText: name })
    await shown.waitFor({ timeout: WAIT_MS })
  }
  const visitAll = () => page.getByRole('button', { name: 'Visit all at once' }).click()
  const answered = () => expectText(page, '.answer', /answered: \w+/, WAIT_MS)
  await fault('Lose pushes', true)
  await visitAll()
  await expectText(page, '.story li', /The push ‘\w+’ to server-\d is lost on its way/, WAIT_MS)
  await answered()
  await fault('Lose pushes', false)
  await fault('Throttle', true)
  await throttled(page, visitAll)
  await fault('Throttle', false)
  await answered()
  await fault('Refuse locks', true)
  await visitAll()
  await expectText(page, '.story li', /DynamoDB refuses a write to the lock \(ThrottlingException\)/, WAIT_MS)
  await expectText(page, '.refused', /DynamoDB has refused \d+ writes? to Locks/, WAIT_MS)
  await fault('Refuse locks', false)
  await answered()
  await fault('No database', true)
  await visitAll()
  await expectText(page, '.answer', 'the visitor waits for', WAIT_MS)
  await fault('No database', false)
  await answered()
  await page.getByRole('tab', { name: 'Handoffs' }).click()
}

/** Of messages that come at once the gateway takes one. Who sent another keeps its connection, and sends it again. */
async function throttled(page: Page, visitAll: () => Promise<void>): Promise<void> {
  await visitAll()
  const before = new Map<string, string>()
  for (const server of SERVERS) before.set(server, await connectionOf(page, server))
  const story = page.locator('.story li', { hasText: /The gateway throttles ‘acquire’ of server-\d/ }).first()
  const deadline = Date.now() + WAIT_MS
  // A busy machine may bring them one after another.
  do {
    await visitAll()
    await story.waitFor({ timeout: AGAIN_MS }).catch(() => undefined)
  } while ((await story.count()) === 0 && Date.now() < deadline)
  const server = /server-\d/.exec((await story.textContent()) ?? '')?.[0] ?? ''
  const link = story.getByRole('link', { name: /^Why\?/ })
  await expect(link.getAttribute('href')).resolves.toContain('#what-if-the-gateway-throttles-messages')
  await expectText(page, '.refused', /The gateway has throttled \d+ messages? in the last half minute/, WAIT_MS)
  await processOf(page, server).locator('.chip-warn').first().waitFor({ timeout: WAIT_MS })
  await expect(connectionOf(page, server)).resolves.toBe(before.get(server))
}

/** An orderly end: its process is gone at once, with its connection. Then it starts as another. */
export async function stopAndStart(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Stop ${name}` }).click()
  const stopped = page.locator('.process-stopped', { hasText: name })
  await stopped.locator('.state-stopped').waitFor({ timeout: WAIT_MS })
  await stopped.locator('.link-open').waitFor({ state: 'detached', timeout: WAIT_MS })
  await page.getByRole('button', { name: `Start ${name}` }).click()
  await page.getByRole('button', { name: `Freeze ${name}` }).waitFor({ timeout: WAIT_MS })
}

/** How each session that its holder did not give back was taken: the one who waited nudged, or came after the lease. */
export function takenIn(entries: readonly Entry[]): readonly string[] {
  const leases = new Map<string, number>()
  for (const entry of entries) if (entry.kind === 'process') leases.set(entry.process, entry.leaseUntil)
  const sessions = new Set(entries.flatMap((entry) => ('session' in entry ? [entry.session] : [])))
  return [...sessions].flatMap((session) =>
    timelineOf(entries.filter((entry) => 'session' in entry && entry.session === session))
      .handoffs.filter(({ kind }) => kind === 'taken')
      .map(({ from = '', askedAt, entries: said }) => {
        if (said.some((entry) => entry.kind === 'message' && entry.isNudge === true)) return 'nudged'
        return askedAt > (leases.get(from) ?? 0) ? 'asked after its lease' : 'taken too early'
      }),
  )
}
