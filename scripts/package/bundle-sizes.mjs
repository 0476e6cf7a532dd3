import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const WITHOUT_AWS = ['@aws-sdk/*', '@smithy/*']
const BUNDLES = [
  { name: 'holdfast', entry: 'dist/esm/client/index.js', external: [] },
  { name: 'holdfast, without the AWS SDK', entry: 'dist/esm/client/index.js', external: WITHOUT_AWS },
  { name: 'holdfast/worker', entry: 'dist/esm/client/worker/index.js', external: [] },
]

/** What each entry adds to an application that is bundled by esbuild as an ES module, minified. */
export function bundleSizes(root) {
  return Promise.all(
    BUNDLES.map(async ({ name, entry, external }) => {
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
      return { name, bytes: contents.length, gzipped: gzipSync(contents).length }
    }),
  )
}
