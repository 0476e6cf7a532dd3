import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../local/package-root.cjs'

const SYNTHESIZED = join(packageRoot, 'dist', 'cdk.out')
const MODULE = /^index\.[cm]?js$/
const FLOOR = new URL('floor-function.js', import.meta.url)

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { path: string; readonly packaging: string } }>>
}

/** The assembly that is deployed, whose functions also take the messages of the floor. `remove` removes its folder. */
export async function assemblyWithFloor(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-floor-'))
  for (const file of ['manifest.json', 'Holdfast.template.json']) await copy(file, folder)
  const manifest = JSON.parse(await readFile(join(SYNTHESIZED, 'Holdfast.assets.json'), 'utf8')) as AssetManifest
  for (const { source } of Object.values(manifest.files)) {
    if (source.packaging !== 'zip') continue
    const deployed = resolve(SYNTHESIZED, source.path)
    source.path = join(folder, basename(deployed))
    await mkdir(source.path)
    const module = (await readdir(deployed)).find((file) => MODULE.test(file))
    if (module === undefined) throw new Error(`${deployed} has no module`)
    await writeFile(join(source.path, 'index.mjs'), moduleOf(join(deployed, module)))
  }
  await writeFile(join(folder, 'Holdfast.assets.json'), JSON.stringify(manifest))
  return { folder, remove: () => rm(folder, { recursive: true }) }
}

const copy = async (file: string, folder: string): Promise<void> =>
  writeFile(join(folder, file), await readFile(join(SYNTHESIZED, file)))

/** A CommonJS module may show its exports only as its default. */
const moduleOf = (deployed: string): string => `import * as module from '${pathToFileURL(deployed).href}'
import { withFloor } from '${FLOOR.href}'
export const handler = withFloor(module.handler ?? module.default.handler)
`
