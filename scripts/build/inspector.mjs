import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pageOf } from './markdown.mjs'

/** Bundles the page: one document, one script, one style sheet, and the description of the protocol that it leads to. */
export async function bundleInspector(root, output) {
  const { build } = await import('esbuild')
  await rm(join(root, output), { recursive: true, force: true })
  await mkdir(join(root, output), { recursive: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'inspector/page/main.tsx', out: 'app' },
      { in: 'inspector/page/styles/app.css', out: 'app' },
    ],
    outdir: output,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    // Its banners say whose the library is.
    legalComments: 'inline',
    metafile: true,
    logLevel: 'silent',
  })
  await copyFile(join(root, 'inspector/page/index.html'), join(root, output, 'index.html'))
  const protocol = await readFile(join(root, 'docs/internals/protocol.md'), 'utf8')
  await writeFile(join(root, output, 'protocol.html'), pageOf(protocol))
  const kilobytes = (name) => Math.round(metafile.outputs[`${output}/${name}`].bytes / 1024)
  return `script ${kilobytes('app.js')} KB, style ${kilobytes('app.css')} KB`
}
