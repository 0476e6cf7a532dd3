import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../local/listen.js'
import { packageRoot } from '../../local/package-root.cjs'

const text = readFileSync(join(packageRoot, 'docs/OPERATIONS.md'), 'utf8')
const recipe = [...text.matchAll(/^```js\n(.*?)^```/gms)]
  .map(([, code = '']) => code)
  .find((code) => code.includes('Prometheus'))
/** The rules of the recipe, and the metrics of the client with their kinds. */
const rules = [...text.matchAll(/^\| `([^`]*holdfast_[^`]*)`/gm)].map(([, rule = '']) => rule)
const metrics = [...text.matchAll(/^\| `(holdfast\.[\w.]+)` \| (histogram|counter|gauge)/gm)].map(
  ([, name = '', kind]) => ({
    series: name.replaceAll('.', '_'),
    kind,
  }),
)

/** In the package, so that the recipe imports what an application does. */
const FOLDER = join(packageRoot, 'dist', 'prometheus-')
const PORT_OF_RECIPE = '9464'
const RUN_MS = 60_000

/** Makes each metric once, and prints all that is scraped until each was seen. */
const program = (series: readonly string[]) => `
import { setTimeout as pause } from 'node:timers/promises'
import { createHoldfast } from 'holdfast'
import { observeHoldfast } from 'holdfast/otel'
import { createMemoryStack } from 'holdfast/testing'

const { config, dynamodb } = createMemoryStack()
const holdfast = observeHoldfast(createHoldfast({ namespace: 'shop', config }))
const add = (id, times) =>
  holdfast.access(id, { write: ['count'] }, ({ state }) => void (state.count = times), { label: 'add' })
await add('kept', 1)
await add('lost', 1)
dynamodb.inject({ afterForward: () => 'drop' })
await add('lost', 2).catch(({ code }) => console.log(code))
let seen = ''
const isSeen = (name) => new RegExp(\`^\${name}(?:_bucket|_total)?\\\\{\`, 'm').test(seen)
while (!${JSON.stringify(series)}.every(isSeen)) {
  const answer = await fetch('http://127.0.0.1:PORT/metrics')
  seen += await answer.text()
  await pause(50)
}
console.log(seen)
process.exit()
`

test(
  'the recipe for Prometheus runs: it is scraped each metric, by the name that the rules have',
  async () => {
    mkdirSync(join(packageRoot, 'dist'), { recursive: true })
    const folder = mkdtempSync(FOLDER)
    const port = String(await freePort('the recipe'))
    expect(recipe).toContain(PORT_OF_RECIPE)
    const file = join(folder, 'server.mjs')
    const whole = `${recipe?.replace(PORT_OF_RECIPE, port)}${program(metrics.map(({ series }) => series)).replace('PORT', port)}`
    writeFileSync(file, whole)
    const run = promisify(execFile)(process.execPath, [file], { timeout: RUN_MS, maxBuffer: 64 * 1024 * 1024 })
    const { stdout } = await run.finally(() => rmSync(folder, { recursive: true, force: true }))
    expect(stdout.startsWith('COMMIT_UNKNOWN\n')).toBe(true)
    expect(metrics.length).toBeGreaterThan(9)
    for (const { series, kind } of metrics) {
      const ending = kind === 'histogram' ? '_bucket' : kind === 'counter' ? '_total' : ''
      expect(stdout).toMatch(new RegExp(`^${series}${ending}\\{[^}]*namespace="shop"`, 'm'))
    }
    expect(rules.length).toBeGreaterThan(3)
    for (const rule of rules) {
      for (const [name] of rule.matchAll(/holdfast_\w+/g)) expect(stdout).toMatch(new RegExp(`^${name}\\{`, 'm'))
      for (const [, label] of rule.matchAll(/ by \((\w+)\)/g)) expect(stdout).toMatch(new RegExp(`[{,]${label}="`))
    }
  },
  RUN_MS,
)
