// Takes the pictures of the inspector in docs/images/: in both themes, at both widths. Run: npm run screenshots
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
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
async function take(page, name) {
  const picture = PNG.sync.read(await page.screenshot())
  const smaller = PNG.sync.write(picture, { colorType: 2, filterType: 0, deflateLevel: 9, deflateStrategy: 0 })
  await writeFile(join(FOLDER, name), smaller)
}

async function takeAll(context) {
  const page = await context.newPage()
  await page.goto(stack.inspector.address)
  await page.locator('.handoff-list li').first().waitFor()
  // The same moment in every picture.
  await page.getByRole('button', { name: 'Pause' }).click()
  for (const theme of THEMES) {
    const button = page.getByRole('button', { name: `Switch to the ${theme} theme` })
    if ((await button.count()) > 0) await button.click()
    for (const [name, viewport] of Object.entries(WIDTHS)) {
      await page.setViewportSize(viewport)
      await page.evaluate('scrollTo(0, 0)')
      await pause(500)
      await take(page, `inspector-${theme}-${name}.png`)
    }
  }
  await page.setViewportSize(WIDTHS.wide)
  await page.getByRole('button', { name: 'Go live' }).click()
  await takeTour(page)
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
