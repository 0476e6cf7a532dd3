import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Runs the CDK app as the CDK's own command line does, less the command line: no account, no network. */
export async function synthesize(root, output) {
  const { context: flags } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8'))
  // Stack traces would tell the world, in the package, where it was built.
  const context = { ...flags, 'aws:cdk:disable-stack-trace': true, 'aws:cdk:disable-creation-stack-traces': true }
  const fresh = join(root, `${output}.new`)
  await rm(fresh, { recursive: true, force: true })
  const child = spawn(process.execPath, [join(root, 'dist/esm/infra/app.js')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: fresh, CDK_CONTEXT_JSON: JSON.stringify(context) },
  })
  const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`synthesis\n${printed}${errors}`)
  await rm(join(root, output), { recursive: true, force: true })
  await rename(fresh, join(root, output))
}
