import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import * as errors from '../../../client/errors/index.js'
import { packageRoot } from '../../../local/package-root.cjs'
import { filesBelow } from '../../house/files.js'
import { oneOfEach } from './each.js'
import type { Report } from './program.js'

const run = promisify(execFile)

const SOURCES = ['client', 'protocol', 'store'].flatMap(filesBelow).filter((name) => name.endsWith('.ts'))
const ENTRIES = ['client/index.ts', 'client/worker/wire-error.ts']

/** Every scope has its own short names: with one scope for each file, as webpack has, two classes share a name. */
const FORMS: readonly (readonly [string, BuildOptions])[] = [
  ['ES modules, one scope for each file', { format: 'esm', minify: true, entryPoints: SOURCES }],
  ['CommonJS, one scope for each file', { format: 'cjs', minify: true, entryPoints: SOURCES }],
  ['ES module bundles', { format: 'esm', minify: true, bundle: true, packages: 'external', entryPoints: ENTRIES }],
  ['CommonJS bundles', { format: 'cjs', minify: true, bundle: true, packages: 'external', entryPoints: ENTRIES }],
]

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-minified-'))
  await symlink(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  await make('plain', { format: 'esm', entryPoints: SOURCES })
  await make('program', { format: 'esm', bundle: true, entryPoints: ['test/client/errors/program.ts'] })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Builds a form of the package in a folder of this name, and returns the folder. */
async function make(name: string, options: BuildOptions): Promise<string> {
  const outdir = join(folder, name)
  const type = options.format === 'esm' ? 'module' : 'commonjs'
  await mkdir(outdir)
  await writeFile(join(outdir, 'package.json'), JSON.stringify({ type, imports: { '#ws': 'ws' } }))
  const common = { absWorkingDir: packageRoot, outdir, outbase: '.', platform: 'node', target: 'node20' } as const
  await build({ ...common, ...options, entryPoints: options.entryPoints ?? [] })
  return outdir
}

const NAMES = ['HoldfastError', ...oneOfEach(errors).map(({ name }) => name)]
const each = <T>(of: (name: string) => T) => Object.fromEntries(NAMES.map((name) => [name, of(name)]))
const TYPES = each((name) => [...new Set([name, 'HoldfastError']), 'isHoldfastError'].toSorted())
const CODES = Object.fromEntries(oneOfEach(errors).map(({ name, code }) => [name, code]))

test.each(FORMS)('minified as %s, each error has its own name, its code and its types only', async (name, options) => {
  const form = await make(name.replaceAll(/\W+/g, '-'), options)
  const program = join(folder, 'program', 'test', 'client', 'errors', 'program.js')
  const { stdout } = await run(process.execPath, [program, form, join(folder, 'plain')])
  const report: Report = JSON.parse(stdout)
  expect(report.names).toEqual(each((type) => [type, CODES[type] ?? 'SOME_CODE']))
  expect(report.instances).toEqual(TYPES)
  expect(report.sent).toEqual(TYPES)
  expect(report.received).toEqual(TYPES)
  expect(report.closed).toBe('CLOSED')
})
