import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { text } from 'node:stream/consumers'

/**
 * Runs the CDK app as the CDK's own command line does, less the command line: no account, no network. The assembly names
 * the functions' code where `bundles` has it, and holds no second copy.
 */
export async function synthesize(root, output, bundles) {
  const { context: flags } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8'))
  // Stack traces would tell the world, in the package, where it was built.
  const context = {
    ...flags,
    'aws:cdk:disable-stack-trace': true,
    'aws:cdk:disable-creation-stack-traces': true,
    'aws:cdk:disable-asset-staging': true,
    '@aws-cdk/core:enableAdditionalMetadataCollection': false,
  }
  const fresh = join(root, `${output}.new`)
  await rm(fresh, { recursive: true, force: true })
  const child = spawn(process.execPath, [join(root, 'dist/esm/infra/app.js')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: fresh, CDK_CONTEXT_JSON: JSON.stringify(context) },
  })
  const [printed, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(`synthesis\n${printed}${errors}`)
  await nameRelatively(fresh, join(root, output), join(root, bundles))
  await dropReports(fresh)
  await rm(join(root, output), { recursive: true, force: true })
  await rename(fresh, join(root, output))
}

/** Code that was not copied is named by its whole path, which would be true on this machine alone. */
async function nameRelatively(fresh, output, bundles) {
  const manifests = (await readdir(fresh)).filter((name) => name.endsWith('.assets.json'))
  for (const manifest of manifests) {
    const path = join(fresh, manifest)
    const { files, ...rest } = JSON.parse(await readFile(path, 'utf8'))
    for (const { source } of Object.values(files)) {
      if (source.path.startsWith(bundles)) source.path = relative(output, source.path).replaceAll(sep, '/')
    }
    await writeFile(path, `${JSON.stringify({ files, ...rest }, undefined, 2)}\n`)
  }
}

/** No deployment reads the report about feature flags, and it is the largest part of the manifest. */
async function dropReports(fresh) {
  const path = join(fresh, 'manifest.json')
  const { artifacts, ...rest } = JSON.parse(await readFile(path, 'utf8'))
  const kept = Object.entries(artifacts).filter(([, { type }]) => type !== 'cdk:feature-flag-report')
  await writeFile(path, `${JSON.stringify({ ...rest, artifacts: Object.fromEntries(kept) }, undefined, 2)}\n`)
}
