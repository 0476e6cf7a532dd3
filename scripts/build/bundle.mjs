import { rm } from 'node:fs/promises'
import { join } from 'node:path'

const NAMES = ['connection', 'grant', 'release']

/** Bundles each function, with all that it uses, into `<output>/<name>/index.mjs`. The same sources give the same bytes. */
export async function bundleFunctions(root, output) {
  // Loaded here, since most builds have nothing to bundle.
  const { build } = await import('esbuild')
  await rm(join(root, output), { recursive: true, force: true })
  const sizes = []
  for (const name of NAMES) {
    const file = `${output}/${name}/index.mjs`
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [`functions/lambda/${name}.ts`],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      // Lambda runs Node.js 24; the local stack runs the same bundle on whatever this package supports.
      target: 'node20',
      mainFields: ['module', 'main'],
      minify: true,
      keepNames: true,
      metafile: true,
      logLevel: 'silent',
    })
    sizes.push(`${name} ${Math.round(metafile.outputs[file].bytes / 1024)} KB`)
  }
  return sizes.join(', ')
}
