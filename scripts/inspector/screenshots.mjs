// Takes the pictures of the inspector in docs/images/: in both themes, at both widths. Run: npm run screenshots
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createHoldfast } from 'holdfast'
import { PNG } from 'pngjs'
import { ShopPlay } from '../../dist/esm/examples/shop/play/shop-play.js'
import { ServerProcess, SHOP_SERVER } from '../../dist/esm/examples/shop/processes.js'
import { startLocalStack } from '../../dist/esm/local/index.js'
import { withBrowser } from './chromium.mjs'

const ROOT = join(import.meta.dirname, '..', '..')
const FOLDER = join(ROOT, 'docs', 'images')
const WIDTHS = { wide: { width: 1280, height: 940 }, phone: { width: 390, height: 844 } }
const THEMES = ['light', 'dark']
const SERVERS = ['server-1', 'server-2', 'server-3']
const CROWD = 24
const HOLD_MS = 1_100
const STEPS_MAX = 60
const PATIENCE_MS = 120_000
const IN_SIGHT_MS = 4_200
const TRIES_MAX = 12
const CALM_MS = 2_500
const WARM_UP_MS = Number(process.env.WARM_UP_MS ?? 40_000)

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
const stack = await startLocalStack({ inspector: true })
const servers = []
for (const name of SERVERS) servers.push(await ServerProcess.start(SHOP_SERVER, name, 0, stack.env))
const play = new ShopPlay(stack, SHOP_SERVER, servers)
play.show()
try {
  await mkdir(FOLDER, { recursive: true })
  await play.carryOut({ do: 'visitors', count: CROWD })
  await pause(WARM_UP_MS)
  // A visitor who is seen: kept, handed over, and a queue.
  for (const server of ['server-1', 'server-1', 'server-2', 'server-2', 'server-3']) {
    await play.carryOut({ do: 'visit', server, times: 4 })
    await pause(HOLD_MS)
  }
  for (const server of SERVERS) await play.carryOut({ do: 'visit', server, times: 6 })
  await pause(HOLD_MS)
  await withBrowser((context) => takeAll(context))
} finally {
  play.end()
  await Promise.all(play.servers.map((server) => server.kill()))
  await stack.stop()
}

/** A page is made of flat areas: it takes a fifth less without the filters of a browser, which are made for photographs. */
async function take(page, name, clip) {
  const picture = PNG.sync.read(await page.screenshot(clip === undefined ? {} : { fullPage: true, clip }))
  const smaller = PNG.sync.write(picture, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 })
  await writeFile(join(FOLDER, name), smaller)
}

async function takeAll(context) {
  const page = await context.newPage()
  await page.goto(stack.inspector.address)
  await page.locator('.handoff-list li').first().waitFor()
  // The same moment in every picture.
  await page.getByRole('button', { name: 'Pause' }).click()
  await inEach(page, (name) => take(page, `inspector-${name}.png`))
  await page.setViewportSize(WIDTHS.wide)
  await page.getByRole('button', { name: 'Go live' }).click()
  await takeTour(page)
  await page.getByRole('button', { name: 'End the tour' }).first().click()
  await play.carryOut({ do: 'visitors', count: 0 })
  await takeLocks(page)
}

/** In both themes, at both widths. */
async function inEach(page, work) {
  for (const theme of THEMES) {
    const button = page.getByRole('button', { name: `Switch to the ${theme} theme` })
    if ((await button.count()) > 0) await button.click()
    for (const [name, viewport] of Object.entries(WIDTHS)) {
      await page.setViewportSize(viewport)
      await page.evaluate('scrollTo(0, 0)')
      await pause(500)
      await work(`${theme}-${name}`)
    }
  }
}

/** Attributes of one session that are locked at once, and waited for, on two servers. */
async function takeLocks(page) {
  const { config, credentials } = stack
  const [one, two] = ['web-1', 'web-2'].map((label) =>
    createHoldfast({ namespace: 'shop', label, config, credentials, timeoutMs: PATIENCE_MS }),
  )
  try {
    const id = await one.create({ cart: [], profile: {}, viewed: [] })
    const use = (client, label, locks, ms) => client.access(id, locks, () => pause(ms), { label })
    await use(one, 'look', { read: ['cart'] }, 0)
    await page.getByRole('searchbox').fill(id)
    await page.locator('.rows .row').first().click()
    await page.getByRole('searchbox').fill('')
    await page.getByRole('button', { name: '5 s', exact: true }).click()
    // All of it must be in sight: a busy machine may need some tries.
    for (let tries = 1, tookMs = Number.POSITIVE_INFINITY; tookMs > IN_SIGHT_MS; tries += 1) {
      if (tries > TRIES_MAX) throw new Error('this machine is too busy for a picture of five seconds')
      await use(one, 'look', { read: ['cart'] }, 0)
      await pause(IN_SIGHT_MS)
      const beganMs = performance.now()
      await useBoth(
        (...args) => use(one, ...args),
        (...args) => use(two, ...args),
      )
      tookMs = performance.now() - beganMs
    }
    await page.getByRole('button', { name: 'Pause' }).click()
    await inEach(page, async (name) => {
      await sayALock(page)
      await page.evaluate('scrollTo(0, 0)')
      // What stands below the lanes comes up after a while.
      await pause(CALM_MS)
      const [panel, legend] = await Promise.all(
        ['.panel-timeline', '.legend'].map((selector) => page.locator(selector).boundingBox()),
      )
      await take(page, `inspector-locks-${name}.png`, { ...panel, height: legend.y + legend.height - panel.y })
    })
  } finally {
    await Promise.all([one, two].map((client) => client.close()))
  }
}

/** What the accesses of two servers lock, and wait for. */
async function useBoth(one, two) {
  const all = [
    one('add to cart', { write: ['cart'] }, 700),
    one('rename', { write: ['profile'], read: ['viewed'] }, 1_100),
    one('show cart', { read: ['cart'] }, 500),
  ]
  await pause(250)
  all.push(one('recommend', { read: ['cart', 'viewed'] }, 350))
  await pause(350)
  all.push(two('check out', { write: ['cart'], read: ['profile'] }, 900))
  await pause(300)
  all.push(two('show profile', { read: ['profile'] }, 500))
  await Promise.all(all)
}

/** What is said of a lock that was waited for stands above it. */
async function sayALock(page) {
  const canvas = page.locator('.timeline-canvas')
  await canvas.scrollIntoViewIfNeeded()
  await canvas.focus()
  await page.keyboard.press('Escape')
  const said = page.locator('.tip', { hasText: /‘show cart’ locked .* after a wait/ })
  for (let steps = 0; steps < STEPS_MAX && (await said.count()) === 0; steps += 1) {
    await page.keyboard.press('ArrowRight')
    await pause(50)
  }
}

/** A holder is frozen, and another server waits for its lease to end. */
async function takeTour(page) {
  await page.getByRole('button', { name: 'Take the tour' }).click()
  await page.locator('.tour-steps button', { hasText: 'Freeze' }).click()
  await page.locator('.tour-actions button', { hasText: 'Freeze' }).click()
  await page.locator('.process-frozen').waitFor()
  await page.locator('.tour-actions button', { hasText: 'Visit' }).click()
  await pause(6_000)
  await take(page, 'inspector-tour.png')
}
