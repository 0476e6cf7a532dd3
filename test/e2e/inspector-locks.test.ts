import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { LocksMessage } from '../../client/index.js'
import { sessionKey } from '../../client/session/session-key.js'
import type { LockBar } from '../../inspector/model/hold-locks.js'
import { Picture } from '../../inspector/model/picture.js'
import { timelineOf } from '../../inspector/model/timeline.js'
import { saidOfLock } from '../../inspector/page/lock-sentence.js'
import { frameOf } from '../../inspector/page/timeline-frame.js'
import { isLock, itemsIn, placeOf } from '../../inspector/page/timeline-items.js'
import { type Scene, sceneOf } from '../../inspector/page/timeline-scene.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { shownSession } from '../../local/inspector/facts.js'
import { Browser, CHROMIUM } from '../support/browser.js'
import { LocksRelay } from '../support/locks-relay.js'
import { type Exported, expectText, exported, serious, WAIT_MS } from './inspector-page.js'
import { AppProcess } from './processes.js'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe
const ID = `an-id-that-is-a-secret-${randomBytes(9).toString('hex')}`
const VALUE = `a-value-that-is-private-${randomBytes(9).toString('hex')}`
const SESSION = sessionKey('locking', ID)
const SHOWN = shownSession(SESSION) ?? ''
const WIDE = { width: 1280, height: 900 }
const PHONE = { width: 390, height: 844 }
const [WINDOW_MS, WINDOW] = [5_000, '5 s']
/** Seconds. */
const BACK_MAX = 300

inBrowser('attribute locks in the timeline of the inspector', () => {
  let stack: LocalStack
  let relay: LocksRelay
  let browser: Browser
  let page: Page
  let one: AppProcess
  let two: AppProcess
  let paused: Exported
  const problems: string[] = []

  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startLocalStack({ inspector: true }), Browser.start()])
    relay = await LocksRelay.start(stack.inspector?.locksAddress ?? '')
    const told = { ...stack, env: { ...stack.env, HOLDFAST_INSPECTOR: relay.address } }
    ;[one, two] = ['one', 'two'].map((label) => new AppProcess(told, 'locking.mjs', { label, value: VALUE })) as [
      AppProcess,
      AppProcess,
    ]
    await Promise.all([one, two].map((app) => app.waitFor(({ event }) => event === 'ready')))
    page = await browser.page()
    await page.setViewportSize(WIDE)
    page.on('pageerror', ({ message }) => problems.push(message))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(stack.inspector?.address ?? '')
  }, 60_000)

  afterAll(async () => {
    await browser?.stop()
    await Promise.all([one, two].map((app) => app?.kill()))
    await relay?.stop()
    await stack?.stop()
  }, 30_000)

  const begin = (app: AppProcess, name: string, locks: object, until: 'locked' | 'waiting' | 'asked' = 'locked') =>
    app.command('begin', { id: ID, name, locks, until })
  const end = async (app: AppProcess, name: string) => {
    await app.command('end', { name })
    await app.command('ended', { name })
  }
  const words = (text: string | RegExp) => expectText(page, '.lock-words li', text, WAIT_MS)
  const goLive = () => page.getByRole('button', { name: 'Go live' }).click()
  const pause = async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    paused = await exported(page)
  }

  /** What the paused page shows, laid out anew from what it exports. */
  async function shownScene(): Promise<Scene> {
    const { entries, at } = paused
    const picture = new Picture()
    for (const entry of entries) picture.apply(entry)
    const { width = 0 } = (await page.locator('.timeline-canvas').boundingBox()) ?? {}
    const timeline = timelineOf(entries.filter((entry) => 'session' in entry && entry.session === SHOWN))
    return sceneOf(timeline, picture, [], frameOf(new Date(at).getTime(), WINDOW_MS, width))
  }
  const barsIn = (scene: Scene): readonly LockBar[] => itemsIn(scene).filter(isLock)

  /** What is said of a lock, but for how long it goes on: the page counts parts of a millisecond, too. */
  const steady = (bar: LockBar, scene: Scene) => {
    const said = saidOfLock(bar, scene.frame.now)
    return bar.to === undefined ? said.replace(/(waited|for) [\d.]+ m?s/, '$1 …') : said
  }
  const tip = async (isOpen: boolean) => {
    const text = (await page.locator('.tip').textContent()) ?? ''
    return isOpen ? text.replace(/(waited|for) [\d.]+ m?s/, '$1 …') : text
  }
  const pointAt = async (bar: LockBar, scene: Scene) => {
    const box = await page.locator('.timeline-canvas').boundingBox()
    const { x, y } = placeOf(bar, scene) ?? { x: 0, y: 0 }
    expect(await coloursAround(x, y)).toBeGreaterThan(1)
    await page.mouse.move((box?.x ?? 0) + x, (box?.y ?? 0) + y)
    await page.locator('.tip').waitFor({ timeout: WAIT_MS })
    return tip(bar.to === undefined)
  }
  /** How many colours are drawn around a place: one where there is nothing. */
  const coloursAround = (x: number, y: number) =>
    page.evaluate<number>(`{
      const canvas = document.querySelector('.timeline-canvas')
      const [left, top] = [${x} - 1, ${y} - 7].map((px) => Math.round(px * devicePixelRatio))
      const { data } = canvas.getContext('2d').getImageData(left, top, 2, Math.round(14 * devicePixelRatio))
      new Set(new Uint32Array(data.buffer)).size
    }`)
  const hoverAll = async () => {
    const scene = await shownScene()
    for (const bar of barsIn(scene)) expect(await pointAt(bar, scene)).toBe(steady(bar, scene))
    await page.mouse.move(0, 0)
    return barsIn(scene).map(({ label, name, mode, from }) => [label, name, mode, from !== undefined])
  }

  test('two accesses that lock different attributes at once, and one that waits, have a row each', async () => {
    await Promise.all([
      begin(one, 'adds', { write: ['cart'] }),
      begin(one, 'renames', { write: ['profile'], read: ['viewed'] }),
    ])
    await begin(one, 'reads', { read: ['cart'] }, 'waiting')
    await page.getByRole('searchbox').fill(ID)
    await page.locator('.rows .row', { hasText: SHOWN.split('#')[1] ?? '' }).click()
    // Without zooming in the holds are closed.
    await page.getByRole('button', { name: '15 s', exact: true }).click()
    expect(await page.locator('.lock-words').count()).toBe(0)
    await page.getByRole('button', { name: WINDOW, exact: true }).click()
    await words(/one: ‘reads’ has waited .* for ‘cart’, to read it\./)
    await words(/one: ‘adds’ has locked ‘cart’ to write it/)
    await words(/one: ‘renames’ has locked ‘profile’ to write it/)
    await words(/one: ‘renames’ has locked ‘viewed’ to read it/)
    await pause()
    expect(sorted(await hoverAll())).toEqual(
      sorted([
        ['adds', 'cart', 'write', true],
        ['reads', 'cart', 'read', false],
        ['renames', 'profile', 'write', true],
        ['renames', 'viewed', 'read', true],
      ]),
    )
  }, 60_000)

  test('the keyboard leads to each of them, and each is said', async () => {
    const scene = await shownScene()
    await page.locator('.timeline-canvas').focus()
    const said = new Set<string>()
    for (const _ of itemsIn(scene)) {
      await page.keyboard.press('ArrowRight')
      const text = await tip(true)
      said.add(text)
      expect(await page.locator('.timeline [aria-live]').textContent()).not.toBe('')
    }
    for (const bar of barsIn(scene)) expect([...said]).toContain(steady(bar, scene))
    expect(await page.locator('.timeline-canvas').getAttribute('aria-label')).toContain('3 attributes locked in sight')
    await page.keyboard.press('Escape')
    expect(await page.locator('.tip').count()).toBe(0)
  }, 60_000)

  test.each([
    ['light', 'at 1280 px', WIDE],
    ['dark', 'at 1280 px', WIDE],
    ['dark', 'on a phone', PHONE],
    ['light', 'on a phone', PHONE],
  ] as const)(
    'in the %s theme %s it is shown, and axe finds nothing serious',
    async (theme, _, size) => {
      await page.emulateMedia({ reducedMotion: 'reduce' })
      await page.setViewportSize(size)
      const now = await page.evaluate('document.documentElement.dataset.theme')
      if (now !== theme) await page.getByRole('button', { name: `Switch to the ${theme} theme` }).click()
      await page.locator('.timeline-canvas').scrollIntoViewIfNeeded()
      expect(await hoverAll()).toHaveLength(4)
      const folder = process.env.INSPECTOR_PICTURES
      if (folder !== undefined) await page.screenshot({ path: join(folder, `locks-${theme}-${size.width}.png`) })
      expect(await serious(page)).toEqual([])
    },
    60_000,
  )

  test('what is shown in the end is what the clients themselves say', async () => {
    await page.setViewportSize(WIDE)
    await goLive()
    await end(one, 'adds')
    await words(/one: ‘reads’ has locked ‘cart’ to read it, for .*, after a wait of/)
    // Another server waits for an attribute that this one has locked.
    await begin(two, 'takes over', { write: ['cart'] }, 'asked')
    await end(one, 'reads')
    await end(one, 'renames')
    await words(/two: ‘takes over’ has locked ‘cart’ to write it, for .*, after a wait of/)
    await pause()
    expect(await hoverAll()).toContainEqual(['takes over', 'cart', 'write', true])
    await goLive()
    await end(two, 'takes over')
    await words(/two: ‘takes over’ locked ‘cart’ to write it, for .*, after a wait of/)
    await pause()

    const { entries } = paused
    const timeline = timelineOf(entries.filter((entry) => 'session' in entry && entry.session === SHOWN))
    const always = { from: 0, to: Number.POSITIVE_INFINITY, now: Date.now() }
    const shown = timeline.spans
      .filter(({ kind }) => kind === 'hold')
      .flatMap((hold) => timeline.locks.inSight(hold, always).bars)
      .map(({ label, name, mode, since, from, to }) => [label, `${mode} ${name}`, since, from, to])
    const said = (await Promise.all([one, two].map((app) => app.command('heard')))).flatMap(({ value }) =>
      usesOf(value as Heard),
    )
    expect(said).toHaveLength(5)
    expect(sorted(shown)).toEqual(sorted(said))
  }, 60_000)

  test('a saved timeline has the same rows, and nothing of it has an id or a value', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-locks-'))
    const saved = await browser.page()
    try {
      const file = join(folder, 'timeline.html')
      await stack.inspector?.writeTimeline(file)
      await saved.goto(`file://${file}`)
      await saved.getByRole('searchbox').fill(ID)
      await saved.locator('.rows .row', { hasText: SHOWN.split('#')[1] ?? '' }).click()
      await saved.getByRole('button', { name: WINDOW, exact: true }).click()
      // The file ends with what the stack has told last: the locks are some seconds before it.
      await saved.getByRole('slider').focus()
      const found = saved.locator('.lock-words li', { hasText: /two: ‘takes over’ locked ‘cart’/ })
      for (let back = 0; back < BACK_MAX && (await found.count()) === 0; back += 1) {
        await saved.keyboard.press('ArrowLeft')
      }
      expect(await found.count()).toBe(1)
      const places = [await readFile(file, 'utf8'), JSON.stringify(paused), relay.told.join()]
      for (const text of places) {
        expect(text).toContain('takes over')
        for (const secret of [ID, VALUE, SESSION]) expect(text).not.toContain(secret)
      }
      // The value was there to be told.
      const record = await one.command('begin', { id: ID, name: 'looks', locks: { read: ['cart'] }, until: 'locked' })
      expect(record.error).toBeUndefined()
      await end(one, 'looks')
      expect(problems).toEqual([])
    } finally {
      await saved.close()
      await rm(folder, { recursive: true, force: true })
    }
  }, 60_000)
})

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted()

interface Heard {
  readonly timeOrigin: number
  readonly heard: readonly LocksMessage[]
}

/** Of each access: each attribute that it got, since when it had waited, from when and to when it had it. */
function usesOf({ timeOrigin, heard }: Heard) {
  return [...new Set(heard.map(({ access }) => access))].flatMap((access) => {
    const messages = heard.filter((message) => message.access === access)
    const got = messages.find(({ has }) => has !== undefined)
    const over = messages.find(({ has, waitsFor }) => has === undefined && waitsFor === undefined)
    const first = messages.find(({ waitsFor }) => waitsFor !== undefined) ?? got
    return [
      ...(got?.has?.write ?? []).map((name) => `write ${name}`),
      ...(got?.has?.read ?? []).map((name) => `read ${name}`),
    ].map((lock) => [
      got?.label,
      lock,
      timeOrigin + (first?.sinceMs ?? 0),
      timeOrigin + (got?.atMs ?? 0),
      timeOrigin + (over?.atMs ?? 0),
    ])
  })
}
