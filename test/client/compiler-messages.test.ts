import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const TSC_MS = 120_000

const PREAMBLE = `import { createHoldfast, type Holdfast } from '${packageRoot}/client/index.js'
interface Shop { cart: { items: string[] }; profile: { name: string }; count: number }
declare const holdfast: Holdfast<Shop>
const names = ['cart']
class Money { cents = 1; plus(): void {} }
export { holdfast, names, Money, createHoldfast }
`

/** Mistakes that programs make, each with the words of the compiler that name it. */
const MISTAKES: readonly (readonly [statement: string, words: string])[] = [
  [`void holdfast.access('id', { write: ['basket'] }, () => 1)`, `'"basket"' is not assignable`],
  [
    `void holdfast.access('id', { write: names }, () => 1)`,
    `Type 'string[]' is not assignable to type 'readonly NameOf<Shop>[]'`,
  ],
  [
    `void holdfast.access('id', { write: ['cart'], raed: ['count'] }, () => 1)`,
    `locks may have 'write', 'read' and 'all', not 'raed'`,
  ],
  [`void holdfast.access('id', { raed: ['count'] }, () => 1)`, `'raed' does not exist`],
  [
    `void holdfast.access('id', 'everything', () => 1)`,
    `'"everything"' is not assignable to parameter of type 'LockSpec`,
  ],
  [
    `void holdfast.access('id', { write: ['cart'] }, () => 1, { timeout: 5 })`,
    `'timeout' does not exist in type 'AccessOptions'. Did you mean to write 'timeoutMs'?`,
  ],
  [
    `void holdfast.access('id', { read: ['cart'] }, ({ state }) => { state.cart = { items: [] } })`,
    `Cannot assign to 'cart' because it is a read-only property`,
  ],
  [
    `void holdfast.access('id', { write: ['cart'] }, ({ state }) => state.count)`,
    `Property 'count' does not exist on type 'StateOf<Shop`,
  ],
  [
    `void holdfast.access('id', { write: ['cart'], read: ['count'] }, (session) => session.delete('count'))`,
    `'"count"' is not assignable to parameter of type '"cart"'`,
  ],
  [`void holdfast.access('id', {}, () => 1)`, `locks must name at least one attribute in 'write' or 'read'`],
  [`void holdfast.access('id', { write: [] }, () => 1)`, `locks must name at least one attribute in 'write' or 'read'`],
  [`void holdfast.accessMany([], 'all', () => 1)`, `accessMany needs at least one id`],
  [
    `void holdfast.accessMany(['a', 'b'], 'all', ([, , third]) => third.epoch)`,
    `of length '2' has no element at index '2'`,
  ],
  [`void holdfast.open('id', { write: ['basket'] })`, `'"basket"' is not assignable`],
  [`createHoldfast<Shop>({ namespace: 'shop', timoutMs: 5 })`, `Did you mean to write 'timeoutMs'?`],
  [`createHoldfast<{ greet: () => void }>({ namespace: 'shop' })`, `Types of property 'greet' are incompatible`],
  [
    `createHoldfast<{ greet: () => void }>({ namespace: 'shop' })`,
    `a function, or an object with methods, cannot be stored`,
  ],
  [`createHoldfast<{ key: symbol }>({ namespace: 'shop' })`, `a symbol cannot be stored`],
  [`createHoldfast<{ failure: Error }>({ namespace: 'shop' })`, `an Error cannot be stored`],
  [`createHoldfast<{ nothing: undefined }>({ namespace: 'shop' })`, `undefined cannot be stored`],
  [`createHoldfast<{ prototype: string }>({ namespace: 'shop' })`, `an attribute cannot be named 'prototype'`],
  [
    `void holdfast.access('id', names.length > 0 ? 'all' : { read: ['count'] }, ({ state }) => { state.count = 1 })`,
    `Cannot assign to 'count' because it is a read-only property`,
  ],
  [`createHoldfast<{ cart: { price: Money } }>({ namespace: 'shop' })`, `The types of 'cart.price`],
]

/** The compiler's errors by line, for a program of one statement a line. */
async function errorsOf(statements: readonly string[], flags: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-types-'))
  try {
    await symlink(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
    const source = PREAMBLE + statements.join('\n')
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'program.ts'), source)
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022']
    const libraries = ['--lib', 'es2023,esnext.disposable', '--types', 'node']
    const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
    const output = await promisify(execFile)(tsc, [...options, ...libraries, ...flags, 'program.ts'], {
      cwd: folder,
    }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    )
    const parts = output.split(/^program\.ts\((\d+),\d+\): /m)
    expect(parts[0]).toBe('')
    const first = PREAMBLE.split('\n').length
    const errors = new Map<number, string>()
    for (let index = 1; index < parts.length; index += 2) {
      const line = Number(parts[index]) - first
      errors.set(line, (errors.get(line) ?? '') + parts[index + 1])
    }
    return errors
  } finally {
    await rm(folder, { recursive: true })
  }
}

test.each([
  ['with exactOptionalPropertyTypes', ['--exactOptionalPropertyTypes']],
  ['without it', []],
])(
  'the compiler names the mistake, %s',
  async (_, flags) => {
    const errors = await errorsOf(
      MISTAKES.map(([statement]) => statement),
      flags,
    )
    for (const [index, [statement, words]] of MISTAKES.entries()) {
      const error = errors.get(index) ?? 'no error'
      expect([statement, error]).toEqual([statement, expect.stringContaining(words)])
      expect(error).not.toMatch(/overload|Property 'all' is missing/)
    }
    expect(errors.size).toBe(MISTAKES.length)
  },
  TSC_MS,
)

test(
  'setting undefined is an error under exactOptionalPropertyTypes, and only there',
  async () => {
    const statement = `void holdfast.access('id', { write: ['cart'] }, ({ state }) => { state.cart = undefined })`
    const exact = await errorsOf([statement], ['--exactOptionalPropertyTypes'])
    expect(exact.get(0)).toContain("Type 'undefined' is not assignable")
    expect((await errorsOf([statement], [])).size).toBe(0)
  },
  TSC_MS,
)
