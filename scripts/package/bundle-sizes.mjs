import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const WITHOUT_AWS = ['@aws-sdk/*', '@smithy/*']
/** The frameworks that an application has anyway. */
const PEERS = ['express-session', 'fastify', '@fastify/cookie', '@fastify/session']
const BUNDLES = [
  { name: 'holdfast', entry: 'dist/esm/client/index.js', external: [], bytesMax: 560_000 },
  {
    name: 'holdfast, without the AWS SDK',
    entry: 'dist/esm/client/index.js',
    external: WITHOUT_AWS,
    bytesMax: 215_000,
  },
  { name: 'holdfast/worker', entry: 'dist/esm/client/worker/index.js', external: [], bytesMax: 65_000 },
  ...Object.entries({ 'express-session': 55_000, web: 30_000, fastify: 52_000, lambda: 10_000 }).map(
    ([adapter, bytesMax]) => ({
      name: `holdfast/${adapter}, without its peers`,
      entry: `dist/esm/client/adapters/${adapter}/index.js`,
      external: PEERS,
      bytesMax,
    }),
  ),
]

/** What each entry adds to an application that is bundled by esbuild as an ES module, minified, and its bound. */
export function bundleSizes(root) {
  return Promise.all(
    BUNDLES.map(async ({ name, entry, external, bytesMax }) => {
      const { outputFiles } = await build({
        entryPoints: [join(root, entry)],
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
      const { contents } = outputFiles[0]
      return { name, bytes: contents.length, gzipped: gzipSync(contents).length, bytesMax }
    }),
  )
}
