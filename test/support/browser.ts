import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { packageRoot } from '../../local/package-root.cjs'

const DEBIAN: { readonly path: string; readonly args: readonly string[] } = JSON.parse(
  readFileSync(join(packageRoot, 'test/support/chromium.json'), 'utf8'),
)

/** Debian's, or the one that CHROMIUM names. Undefined where there is none: playwright-core brings no browser along. */
export const CHROMIUM = [process.env.CHROMIUM ?? '', DEBIAN.path].find((path) => path !== '' && existsSync(path))

/** A name of somebody else, who lets it lead to this machine. */
const REBINDING = '--host-resolver-rules=MAP rebinding.example 127.0.0.1'

/** A browser with a profile of its own, which is gone with it. */
export class Browser {
  private constructor(
    private readonly profile: string,
    readonly context: BrowserContext,
  ) {}

  static async start(): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'))
    const context = await chromium.launchPersistentContext(profile, {
      ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
      headless: true,
      args: [...DEBIAN.args, REBINDING],
      viewport: { width: 1280, height: 900 },
      acceptDownloads: true,
    })
    return new Browser(profile, context)
  }

  page(): Promise<Page> {
    return this.context.newPage()
  }

  async stop(): Promise<void> {
    await this.context.close()
    await rm(this.profile, { recursive: true, force: true })
  }
}
