import { readFile } from 'node:fs/promises'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import type { Entry } from '../../inspector/model/entry.js'

/** The page of the inspector, as its visitors use it. */

const TABS_MAX = 120
/** Of 16 ms, in half a second. */
const FRAMES = 30
/** Longer than a busy machine takes for anything. */
export const WAIT_MS = 60_000

/** A second, or as much longer as this machine is busy: until its page has drawn so many frames. */
export async function aSecond(page: Page): Promise<number> {
  const startMs = performance.now()
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))')
  return Math.max(1_000, FRAMES * (performance.now() - startMs))
}

/** Waits until an element has a text, and fails if it has it too late. */
export async function expectText(page: Page, selector: string, text: string | RegExp, withinMs: number): Promise<void> {
  const found = page.locator(selector).filter({ hasText: text }).first()
  // Some texts are there for a moment only.
  await expect(found.waitFor({ timeout: withinMs })).resolves.toBeUndefined()
}

/** Goes to a button with the Tab key, and presses it as soon as it can be pressed. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    // The body has the focus for a moment where the button that had it is gone.
    const focused = String(await page.evaluate(`document.activeElement?.closest('button')?.textContent.trim() ?? ''`))
    if (typeof name === 'string' ? focused === name : name.test(focused)) {
      // Not by a function that the page runs in each of its frames: a busy page draws few.
      await page.locator('button:focus:not([aria-disabled="true"])').waitFor({ timeout: WAIT_MS })
      return page.keyboard.press('Enter')
    }
    await page.keyboard.press('Tab')
  }
  throw new Error(`no Tab leads to ${String(name)}`)
}

/** The step has shown what it is to show. */
export async function next(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).waitFor({ timeout: WAIT_MS })
  await press(page, name)
}

export interface Exported {
  /** The time that is shown. */
  readonly at: string
  readonly entries: readonly Entry[]
  readonly processes: readonly { readonly process: string; readonly label: string }[]
  readonly sessions: readonly { readonly session: string; readonly epoch?: number; readonly holder?: string }[]
}

export async function exported(page: Page): Promise<Exported> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ])
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Exported
}

/** Pauses, until the page has hung up: what happens meanwhile changes nothing. Then it goes live. */
export async function pauseAWhile(page: Page, happens: () => Promise<unknown>): Promise<void> {
  const hungUp = page.waitForEvent('requestfailed', {
    predicate: (request) => new URL(request.url()).pathname.endsWith('/events'),
    timeout: WAIT_MS,
  })
  await page.getByRole('button', { name: 'Pause' }).click()
  await expectText(page, '.toolbar', 'The page is paused: go live to play.', WAIT_MS)
  const before = await exported(page)
  await happens()
  await hungUp
  await happens()
  expect(await exported(page)).toEqual(before)
  for (const name of ['Throttle', 'Visit all at once', 'Freeze server-1', 'Read tables'])
    expect(await page.getByRole('button', { name }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Go live' }).click()
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

export async function serious(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate(`axe.run({ resultTypes: ['violations'] })`)) as AxeResults
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
