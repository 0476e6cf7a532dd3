import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const bundled = join(packageRoot, 'dist/import')

/** Loads an entry by its name, as an application does, and prints which files of the package Node.js has then compiled. */
const LOADED = `
  import { Session } from 'node:inspector'
  import { createRequire } from 'node:module'
  const [form, entry] = process.argv.slice(1)
  const urls = []
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params: { url } }) => urls.push(url))
  session.post('Debugger.enable')
  await (form === 'import' ? import(entry) : createRequire(process.cwd() + '/x')(entry))
  console.log(JSON.stringify(urls.flatMap((url) => url.split('/dist/' + form + '/').slice(1))))`

/** Imports and requires the entries that export errors, and prints for each form which of their classes are the same. */
const SAME = `
  import { createRequire } from 'node:module'
  const require = createRequire(process.cwd() + '/x')
  for (const load of [(name) => import(name), require]) {
    const [client, worker, testing] = await Promise.all(['holdfast', 'holdfast/worker', 'holdfast/testing'].map(load))
    const shared = Object.keys(client).filter((name) => /^[A-Z].*Error$/.test(name))
    console.log(JSON.stringify({
      names: shared,
      other: shared.filter((name) => client[name] !== worker[name]),
      isBase: Object.getPrototypeOf(testing.LocalStartError) === client.HoldfastError,
    }))
  }`

async function run(script: string, ...args: readonly string[]): Promise<readonly unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, ...args], {
    cwd: packageRoot,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test.each([
  ['import', 'holdfast', 'index.js', 17],
  ['require', 'holdfast', 'index.js', 17],
  ['import', 'holdfast/worker', 'worker.js', 11],
  ['require', 'holdfast/worker', 'worker.js', 11],
])('%s of %s loads few files', async (form, entry, own, most) => {
  const [loaded] = (await run(LOADED, form, entry)) as [readonly string[]]
  expect(loaded).toContain(own)
  expect(loaded.length).toBeLessThanOrEqual(most)
})

test('every module is in one file only, for all entries that use it', () => {
  // The command is a program of its own.
  const files = readdirSync(bundled).filter((name) => name.endsWith('.js') && !name.startsWith('cli'))
  const names = files.flatMap((file) => {
    // Before each part of a module, esbuild writes its name.
    const parts = readFileSync(join(bundled, file), 'utf8').matchAll(/^\/\/ (?<module>\S+\.c?ts)$/gm)
    return [...new Set([...parts].map(({ groups }) => groups?.module))]
  })
  expect(names).toEqual(expect.arrayContaining(['client/create.ts', 'client/scope.ts', 'client/worker/client.ts']))
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

test('all entries of a form have the same classes of errors', async () => {
  const [imported, required] = await run(SAME)
  expect(imported).toEqual({ names: expect.arrayContaining(['SessionLostError']), other: [], isBase: true })
  expect(required).toEqual(imported)
})
