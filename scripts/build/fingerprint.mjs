import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** One hash over the names and contents of these files and everything below these folders. */
export async function fingerprint(root, paths) {
  const hash = createHash('sha256').update(process.version)
  for (const path of paths) {
    for (const file of await filesAt(root, path)) {
      hash.update(`\0${file}\0`).update(await readFile(join(root, file)))
    }
  }
  return hash.digest('hex')
}

/** Every file at or below `path`, relative to `root`, in a fixed order. A missing path has none. */
export async function filesAt(root, path) {
  const full = join(root, path)
  const found = await stat(full).catch(() => undefined)
  if (found === undefined) return []
  if (!found.isDirectory()) return [path]
  const entries = await readdir(full, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return files.map((file) => file.slice(root.length + 1)).sort()
}
