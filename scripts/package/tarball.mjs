import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Builds the package and packs it, as `npm publish` would. Needs no network. */
export async function pack(root) {
  await run(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root })
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-pack-'))
  try {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
    const { stdout } = await run('npm', args, { cwd: root })
    const [{ filename, files, size, unpackedSize }] = JSON.parse(stdout)
    return { content: await readFile(join(folder, filename)), files, size, unpackedSize }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
