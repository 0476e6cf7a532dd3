import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { text } from 'node:stream/consumers'
import { filesAt } from './fingerprint.mjs'

/** The CommonJS form says so itself, since the package as a whole is of ES modules. */
const COMMONJS = `${JSON.stringify({ type: 'commonjs', sideEffects: false })}\n`
const RENAMED_REQUIRE = /\brequire\("#(\w+)"\)/g

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
  if (output.split(sep).at(-1) === 'cjs') {
    await writeFile(join(root, output, 'package.json'), COMMONJS)
    // The `imports` of package.json are for ES modules, and do not reach into a folder with a package.json of its own.
    await Promise.all(
      [...emitted].filter((file) => file.endsWith('.js')).map((file) => requirePlainly(join(root, file))),
    )
  }
  return `${emitted.size} files`
}

async function requirePlainly(file) {
  const code = await readFile(file, 'utf8')
  const plain = code.replace(RENAMED_REQUIRE, 'require("$1")')
  if (plain !== code) await writeFile(file, plain)
}
