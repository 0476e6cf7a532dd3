import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const DEBIAN = JSON.parse(readFileSync(join(import.meta.dirname, '../../test/support/chromium.json'), 'utf8'))
/** Debian's, or the one that CHROMIUM names. */
const PATH = process.env.CHROMIUM ?? DEBIAN.path

/** Runs `work` with a browser, whose profile is gone afterwards. */
export async function withBrowser(work) {
  if (!existsSync(PATH)) throw new Error(`there is no Chromium at ${PATH}: install it, or name one as CHROMIUM`)
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PATH,
    headless: true,
    args: [...DEBIAN.args, '--enable-precise-memory-info'],
  })
  try {
    await work(context)
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  }
}
