import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'
import { Browser, CHROMIUM } from '../support/browser.js'
import { filesBelow } from './files.js'

const DIAGRAM = /^```mermaid$/gm
const TYPEDOC = ['--import', './scripts/docs/typescript5.mjs', 'node_modules/typedoc/bin/typedoc']
const BUILD_MS = 180_000

let folder: string
let pages: readonly string[]

/** As `npm run docs`, but into a folder of its own. It fails where TypeDoc warns. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-docs-'))
  await promisify(execFile)(process.execPath, [...TYPEDOC, '--out', folder], { cwd: packageRoot })
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  pages = files.filter((file) => file.endsWith('.html')).map((file) => join(folder, file))
}, BUILD_MS)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('each link of a page leads to a file of the site', () => {
  const missing = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/(?:href|src)="(?!https?:|data:|#)([^"#?]+)[^"]*"/g)]
      .map(([, path = '']) => resolve(dirname(page), decodeURI(path)))
      .filter((file) => !existsSync(file))
      .map((file) => `${page} names ${file}`),
  )
  expect(pages.length).toBeGreaterThan(100)
  expect(missing).toEqual([])
  const loads = /<(?:script|img|iframe)[^>]* src="https?:|<link[^>]* href="https?:/
  expect(pages.filter((page) => loads.test(readFileSync(page, 'utf8')))).toEqual([])
})

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('in a browser', () => {
  test('it opens from disk, with every diagram drawn, and asks the web for nothing', async () => {
    const sources = ['README.md', ...filesBelow('docs')].filter((file) => file.endsWith('.md'))
    const diagrams = sources.flatMap((file) => readFileSync(join(packageRoot, file), 'utf8').match(DIAGRAM) ?? [])
    const browser = await Browser.start()
    let drawn = 0
    const outside: string[] = []
    try {
      const page = await browser.page()
      page.on('request', (request) => /^(file|data):/.test(request.url()) || outside.push(request.url()))
      for (const file of pages.filter((each) => /(documents\/[^/]*|index)\.html$/.test(each))) {
        const wanted = readFileSync(file, 'utf8').match(/class="mermaid"/g)?.length ?? 0
        await page.goto(pathToFileURL(file).href)
        if (wanted > 0)
          await page
            .locator('figure > svg')
            .nth(wanted - 1)
            .waitFor()
        drawn += await page.locator('figure > svg').count()
      }
    } finally {
      await browser.stop()
    }
    expect(diagrams.length).toBeGreaterThan(5)
    expect({ drawn, outside }).toEqual({ drawn: diagrams.length, outside: [] })
  }, 60_000)
})
