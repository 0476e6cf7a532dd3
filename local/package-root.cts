import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The folder of this package: where `dist/lambda` and `dist/cdk.out` are. It is found by name, since this file runs
 * from several places: the source, what is compiled, and the bundled entries. A `.cts` file, because `__dirname` is the
 * one way to know the own place that all of them have.
 */
export const packageRoot: string = findUp(__dirname)

function findUp(folder: string): string {
  if (nameIn(folder) === 'holdfast') return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error(`no package.json named 'holdfast' above ${__dirname}`)
  return findUp(parent)
}

function nameIn(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
