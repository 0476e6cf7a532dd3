import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TemplateError } from '../errors.js'
import type { RawTemplate } from './resources.js'

/** The output of `cdk synth`: one stack's template, and the folders of its functions' code. */
export interface Assembly {
  readonly stackName: string
  readonly template: RawTemplate
  /** The folder that deployment would zip and upload under this key, or undefined. */
  assetFolder(objectKey: string): string | undefined
}

interface Manifest {
  readonly artifacts?: Readonly<Record<string, Artifact>>
}

interface Artifact {
  readonly type?: string
  readonly displayName?: string
  readonly properties?: { readonly templateFile?: string; readonly file?: string; readonly stackName?: string }
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, FileAsset>>
}

interface FileAsset {
  readonly source: { readonly path: string }
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>
}

/** Reads the assembly in this folder. It must hold exactly one stack. */
export function readAssembly(folder: string): Assembly {
  const manifest = readJson(folder, 'manifest.json') as Manifest
  const artifacts = Object.entries(manifest.artifacts ?? {})
  const stacks = artifacts.filter(([, { type }]) => type === 'aws:cloudformation:stack')
  const [stack] = stacks
  if (stack === undefined || stacks.length > 1) {
    const names = stacks.map(([name]) => `'${name}'`).join(', ')
    throw new TemplateError(`${folder} must hold exactly one stack, found ${stacks.length === 0 ? 'none' : names}`)
  }
  const [name, { properties }] = stack
  if (properties?.templateFile === undefined) throw new TemplateError(`stack '${name}' in ${folder} has no template`)
  const folders = assetFolders(folder, artifacts)
  return {
    stackName: properties.stackName ?? name,
    template: readJson(folder, properties.templateFile) as RawTemplate,
    assetFolder: (objectKey) => folders.get(objectKey),
  }
}

function assetFolders(folder: string, artifacts: readonly (readonly [string, Artifact])[]): Map<string, string> {
  const folders = new Map<string, string>()
  for (const [, { type, properties }] of artifacts) {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) continue
    const { files } = readJson(folder, properties.file) as AssetManifest
    for (const { source, destinations } of Object.values(files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) folders.set(objectKey, resolve(folder, source.path))
    }
  }
  return folders
}

function readJson(folder: string, file: string): unknown {
  const path = join(folder, file)
  if (!existsSync(path)) {
    throw new TemplateError(`${path} does not exist: run 'cdk synth', or set 'assembly' to the folder that it wrote`)
  }
  return JSON.parse(readFileSync(path, 'utf8'))
}
