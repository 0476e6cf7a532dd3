import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'

/** What nobody keeps in the repository. */
const GENERATED = ['.git', 'node_modules', 'dist', 'cdk.out', 'coverage']

/** The TypeScript sources of a folder, relative to the root of the repository, with `/` between names. */
export function sourceFiles(folder: string): readonly string[] {
  return filesBelow(folder).filter((file) => /\.(c?ts|tsx)$/.test(file))
}

/** Every file of the repository below `folder`. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = relative(packageRoot, join(packageRoot, folder, entry.name))
      .split(sep)
      .join('/')
    if (entry.isFile()) return [path]
    return entry.isDirectory() && !GENERATED.includes(entry.name) ? filesBelow(path) : []
  })
}
