// Keeps what is built in dist/, or in the folder that is named, as the version before: test/e2e/rolling.test.ts runs it
// beside the present one. To be run for each release: npm run build && npm run keep:release
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '..')
const dist = resolve(process.argv[2] ?? join(root, 'dist'))
const output = join(root, 'test', 'fixtures', 'release')

await mkdir(output, { recursive: true })
for (const name of ['connection', 'grant', 'release']) {
  await keep(`${name}.cjs`, await readFile(join(dist, 'lambda', name, 'index.cjs')))
}
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [join(dist, 'import', 'index.js')],
  bundle: true,
  packages: 'external',
  alias: { '#ws': 'ws' },
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minify: true,
  write: false,
  logLevel: 'silent',
})
await keep('client.mjs', outputFiles[0].contents)

async function keep(name, contents) {
  const compressed = brotliCompressSync(contents, {
    params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS },
  })
  await writeFile(join(output, `${name}.br`), compressed)
  console.log(`${name}: ${Math.ceil(contents.length / 1024)} KB, ${Math.ceil(compressed.length / 1024)} KB compressed`)
}
