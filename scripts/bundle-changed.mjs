// Bundles a program of test/, with lines of the product changed: for bugs that are planted, and for smaller bounds.
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const ROOT = resolve(import.meta.dirname, '..')

/**
 * @param {string} entry a file of this repository
 * @param {string} outfile
 * @param {readonly { name: string, file: string, from: string, to: string }[]} changes each `from` is once in its file
 * @param {import('esbuild').BuildOptions} options
 */
export async function bundleChanged(entry, outfile, changes = [], options = {}) {
  const made = new Set()
  const change = {
    name: 'change',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const here = changes.filter(({ file }) => file === relative(ROOT, path))
        if (here.length === 0) return undefined
        let contents = await readFile(path, 'utf8')
        for (const one of here) {
          if (contents.split(one.from).length !== 2)
            throw new Error(`'${one.name}': its line is not once in ${one.file}`)
          contents = contents.replace(one.from, () => one.to)
          made.add(one)
        }
        return { contents, loader: 'ts' }
      })
    },
  }
  await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@aws-sdk/*', 'ws'],
    logLevel: 'error',
    plugins: [change],
    ...options,
  })
  for (const one of changes) {
    if (!made.has(one)) throw new Error(`'${one.name}': ${one.file} is not part of ${entry}`)
  }
  return outfile
}
