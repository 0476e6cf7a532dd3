import { rm } from 'node:fs/promises'
import { join } from 'node:path'

const NAMES = ['connection', 'grant', 'release', 'https']
const LEFT_OUT = './scripts/build/left-out.mjs'

/** Bundles each function, with all that it uses, into `<output>/<name>/index.cjs`. The same sources give the same bytes. */
export async function bundleFunctions(root, output) {
  // Loaded here, since most builds have nothing to bundle.
  const { build } = await import('esbuild')
  await rm(join(root, output), { recursive: true, force: true })
  const sizes = []
  for (const name of NAMES) {
    const file = `${output}/${name}/index.cjs`
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [`functions/lambda/${name}.ts`],
      outfile: file,
      bundle: true,
      platform: 'node',
      // On Node.js 24 an ES module that imports `node:http` or `node:process` loads all that these can export: fetch, streams.
      format: 'cjs',
      supported: { 'dynamic-import': false },
      // Lambda runs Node.js 24; the local stack runs the same bundle on whatever this package supports.
      target: 'node20',
      mainFields: ['module', 'main'],
      alias: { '@aws-sdk/credential-provider-node': LEFT_OUT, '@smithy/core/event-streams': LEFT_OUT },
      minify: true,
      metafile: true,
      logLevel: 'silent',
    })
    sizes.push(`${name} ${Math.round(metafile.outputs[file].bytes / 1024)} KB`)
  }
  return sizes.join(', ')
}
