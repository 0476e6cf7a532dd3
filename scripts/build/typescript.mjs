import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import { filesAt } from './fingerprint.mjs'

/** The CommonJS form says so itself, since the package as a whole is of ES modules. Node.js looks for `#ws` here too. */
const COMMONJS = `${JSON.stringify({ type: 'commonjs', sideEffects: false, imports: { '#ws': 'ws' } })}\n`

/** Compiles a project into `output` and removes what an earlier build left there from sources that are gone. */
export async function compile(root, project, output) {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const child = spawn(tsc, ['-p', project, '--listEmittedFiles', '--pretty', 'false'], { cwd: root })
  const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`tsc -p ${project}\n${printed}${errors}`)
  const emitted = new Set([...printed.matchAll(/^TSFILE: *(.+)$/gm)].map(([, file]) => relative(root, file.trim())))
  const leftovers = (await filesAt(root, output)).filter((file) => !emitted.has(file))
  await Promise.all(leftovers.map((file) => rm(join(root, file))))
  if (output.split(sep).at(-1) === 'cjs') await writeFile(join(root, output, 'package.json'), COMMONJS)
  return `${emitted.size} files`
}
