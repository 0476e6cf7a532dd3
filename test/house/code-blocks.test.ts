import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { packageRoot } from '../../local/package-root.cjs'
import { CONTEXT, SESSION_DATA } from './code-block-context.js'
import { filesBelow } from './files.js'

const TSC_MS = 120_000
/** In the package, so that the blocks import it by its name, as an application does. */
const FOLDER = join(packageRoot, 'dist', 'code-blocks')
const DOCUMENTS = ['README.md', ...filesBelow('docs').filter((file) => /^docs\/(guide\/|OPERATIONS).*\.md$/.test(file))]

interface Block {
  /** The document, and the line that the code begins at. */
  readonly place: string
  readonly code: string
}

function blocksIn(file: string): Block[] {
  const text = readFileSync(join(packageRoot, file), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].flatMap(({ index, 1: code = '' }) => {
    const line = text.slice(0, index).split('\n').length + 1
    // A block may show two files.
    return code.split(/^\/\/ job\.js$/m).map((part) => ({ place: `${file}:${line}`, code: part }))
  })
}

const declares = (code: string, name: string): boolean =>
  new RegExp(
    `^(?:export |declare )?(?:const|let|interface|type|async function|function|class) ${name}\\b|^import [^']*\\b${name}\\b`,
    'm',
  ).test(code)

const uses = (code: string, name: string): boolean => new RegExp(`(?<![.'/-])\\b${name}\\b(?!:)`).test(code)

/** The block as a module: with what it takes for granted. */
function moduleOf(code: string): string {
  let whole = code.replaceAll(/\bapp\.register\b/g, 'fastify.register').replaceAll('(this,', '(stack,')
  // A declaration may need others: those that come before it in the list.
  for (const [name, declaration] of Object.entries(CONTEXT).toReversed())
    if (uses(whole, name) && !declares(whole, name)) whole = `${declaration}\n${whole}`
  return `${whole}\nexport {}\n`
}

const blocks = DOCUMENTS.flatMap(blocksIn)

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

test(
  'the code in the documents compiles',
  async () => {
    expect(blocks.length).toBeGreaterThan(25)
    rmSync(FOLDER, { recursive: true, force: true })
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(join(FOLDER, 'session-data.ts'), SESSION_DATA)
    for (const [index, { code }] of blocks.entries()) writeFileSync(join(FOLDER, `block${index}.ts`), moduleOf(code))
    const compilerOptions = {
      noImplicitReturns: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      types: ['node', 'jest'],
    }
    const config = { extends: '../../tsconfig.json', compilerOptions, include: ['.'] }
    writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc')
    const compiled = promisify(execFile)(process.execPath, [tsc, '-p', FOLDER, '--pretty', 'false'])
    const output = await compiled.then(() => '').catch(({ stdout }: { readonly stdout: string }) => stdout)
    const problems = output.replaceAll(
      /(?:dist\/code-blocks\/)?block(\d+)\.ts/g,
      (_, index) => blocks[Number(index)]?.place ?? '',
    )
    expect(problems).toBe('')
  },
  TSC_MS,
)

test("README's first session runs", async () => {
  const first = blocks.find(({ place, code }) => place.startsWith('README') && code.includes('holdfast.create('))
  const { code } = await transform(first?.code ?? '', { loader: 'ts', format: 'esm', target: 'node20' })
  const program = `import { createMemoryStack } from 'holdfast/testing'
process.env.HOLDFAST_CONFIG = JSON.stringify(createMemoryStack().config)
${code}`
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, 'first-session.mjs')
  writeFileSync(file, program)
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  expect(stdout).toBe("1 { items: [ 'apple' ] }\n")
}, 30_000)
