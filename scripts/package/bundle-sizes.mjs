import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const WITHOUT_AWS = ['@aws-sdk/*', '@smithy/*']
/** The frameworks that an application has anyway. */
const PEERS = ['express-session', 'fastify', '@fastify/cookie', '@fastify/session', '@opentelemetry/api']
const CLIENT = `export * from './index.js'`
const BUNDLES = [
  { name: 'holdfast', source: CLIENT, bytesMax: 560_000 },
  { name: 'holdfast, without the AWS SDK', source: CLIENT, external: WITHOUT_AWS, bytesMax: 225_000 },
  {
    name: 'holdfast, of which only an error is used',
    source: `export { HoldfastError } from './index.js'`,
    bytesMax: 10_000,
  },
  { name: 'holdfast/worker', source: `export * from './worker.js'`, bytesMax: 65_000 },
  // Nobody has an adapter without the client.
  ...Object.entries({ 'express-session': 33_000, web: 20_000, fastify: 28_000, lambda: 4_000, otel: 7_000 }).map(
    ([adapter, bytesMax]) => ({
      name: `holdfast/${adapter}, without its peers and what holdfast has`,
      source: `${CLIENT}\nexport * from './${adapter}.js'`,
      external: PEERS,
      beside: CLIENT,
      bytesMax,
    }),
  ),
]

/** What each entry adds to an application that is bundled by esbuild as an ES module, minified, and its bound. */
export function bundleSizes(root) {
  return Promise.all(
    BUNDLES.map(async ({ name, source, external = [], beside, bytesMax }) => {
      const whole = await bundle(root, source, external)
      const there = beside === undefined ? { bytes: 0, gzipped: 0 } : await bundle(root, beside, external)
      return { name, bytes: whole.bytes - there.bytes, gzipped: whole.gzipped - there.gzipped, bytesMax }
    }),
  )
}

async function bundle(root, contents, external) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, 'dist/import') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    minify: true,
    external,
    write: false,
    logLevel: 'silent',
  })
  const [{ contents: bytes }] = outputFiles
  return { bytes: bytes.length, gzipped: gzipSync(bytes).length }
}
