// Builds dist/: this repository's programs, the entries of the package in both forms with their types, its WebSocket for
// bundlers, the inspector's page, the bundled functions, and the CDK assembly that the local stack runs. A step whose inputs are as they were at its last success is skipped.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFunctions } from './build/bundle.mjs'
import { bundleEntries, convertEntries } from './build/entries.mjs'
import { exclusively } from './build/exclusively.mjs'
import { fingerprint } from './build/fingerprint.mjs'
import { bundleInspector } from './build/inspector.mjs'
import { synthesize } from './build/synthesize.mjs'
import { compile } from './build/typescript.mjs'
import { convertWebSocket } from './build/websocket.mjs'

const root = join(import.meta.dirname, '..')
const RECORD = 'dist/build.json'
const TOOLS = [
  'package.json',
  'package-lock.json',
  'scripts/build.mjs',
  'scripts/build',
  'tsconfig.json',
  'tsconfig.esm.json',
]
const SHARED = ['protocol', 'store', 'client', 'functions', 'infra', 'local', 'operator', 'inspector', 'cli']

const steps = [
  {
    name: 'ES modules',
    inputs: [...TOOLS, ...SHARED, 'bench', 'test/deploy', 'test/torture', 'test/support/random.ts', 'examples'],
    output: 'dist/esm',
    run: () => compile(root, 'tsconfig.esm.json', 'dist/esm'),
  },
  {
    name: 'entries',
    inputs: [...TOOLS, ...SHARED],
    output: 'dist/import',
    run: () => bundleEntries(root, 'dist/import', 'dist/esm'),
  },
  {
    name: 'entries, as CommonJS',
    inputs: [...TOOLS, 'dist/import'],
    output: 'dist/require',
    run: () => convertEntries(root, 'dist/require', 'dist/import'),
  },
  {
    name: "the inspector's page",
    inputs: [...TOOLS, 'inspector', 'docs/internals/protocol.md'],
    output: 'dist/inspector',
    run: () => bundleInspector(root, 'dist/inspector'),
  },
  {
    name: 'ws',
    inputs: TOOLS,
    output: 'dist/ws',
    run: () => convertWebSocket(root, 'dist/ws'),
  },
  {
    name: 'functions',
    inputs: [...TOOLS, 'protocol', 'store', 'functions'],
    output: 'dist/lambda',
    run: () => bundleFunctions(root, 'dist/lambda'),
  },
  {
    name: 'CDK assembly',
    inputs: [
      ...TOOLS,
      'cdk.json',
      'dist/esm/infra',
      'dist/esm/protocol',
      'dist/esm/local/package-root.cjs',
      'dist/lambda',
    ],
    output: 'dist/cdk.out',
    run: () => synthesize(root, 'dist/cdk.out', 'dist/lambda'),
  },
]

async function build() {
  const startMs = performance.now()
  const done = await readRecord()
  let count = 0
  for (const { name, inputs, output, run } of steps) {
    const print = await fingerprint(root, inputs)
    if (done[name] === print && existsSync(join(root, output))) continue
    // Forgotten first: a step that fails half way must not pass for done.
    delete done[name]
    await writeRecord(done)
    const stepMs = performance.now()
    const detail = await run()
    say(`${name}${detail === undefined ? '' : ` (${detail})`}`, stepMs)
    done[name] = print
    await writeRecord(done)
    count += 1
  }
  say(count === 0 ? 'everything is up to date' : 'done', startMs)
}

const readRecord = async () => {
  try {
    return JSON.parse(await readFile(join(root, RECORD), 'utf8'))
  } catch {
    return {}
  }
}

const writeRecord = (record) => writeFile(join(root, RECORD), `${JSON.stringify(record, undefined, 2)}\n`)

/** On standard error, so that `cdk synth` prints nothing but its template. */
const say = (what, sinceMs) =>
  process.stderr.write(`build: ${what}, ${((performance.now() - sinceMs) / 1000).toFixed(1)} s\n`)

try {
  await mkdir(join(root, 'dist'), { recursive: true })
  await exclusively(join(root, 'dist', 'build.lock'), build)
} catch (error) {
  process.stderr.write(`build: failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
