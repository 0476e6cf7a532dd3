import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { filesAt } from './fingerprint.mjs'

/** Compiles a project into `output` and removes what an earlier build left there from sources that are gone. */
export async function compile(root, project, output) {
  // Not the one in .bin: TypeScript 5, which the tests of the package need, has a `tsc` too.
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const child = spawn(tsc, ['-p', project, '--listEmittedFiles', '--pretty', 'false'], { cwd: root })
  const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`tsc -p ${project}\n${printed}${errors}`)
  const emitted = new Set([...printed.matchAll(/^TSFILE: *(.+)$/gm)].map(([, file]) => relative(root, file.trim())))
  const leftovers = (await filesAt(root, output)).filter((file) => !emitted.has(file))
  await Promise.all(leftovers.map((file) => rm(join(root, file))))
  return `${emitted.size} files`
}
