import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { packageRoot } from '../../local/package-root.cjs'
import type { Timing } from '../../protocol/timing.js'

type FunctionName = 'connection' | 'grant' | 'release'
export const FUNCTIONS: readonly FunctionName[] = ['connection', 'grant', 'release']

/** What runs in a function: the version that was kept, or the present one, with its timing. */
export interface Version {
  readonly code: 'kept' | 'present'
  readonly timing: Timing
}

/** Runs the version that the file beside it names, from the next event on. */
const SWITCH = `'use strict'
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const handlers = new Map()
function load(version) {
  const { code, timing } = JSON.parse(version)
  process.env.HOLDFAST_TIMING = JSON.stringify(timing)
  process.env.HOLDFAST_INCARNATION = '1'
  const file = require.resolve(join(__dirname, code + '.cjs'))
  delete require.cache[file]
  return require(file).handler
}
exports.handler = (event, context) => {
  const version = readFileSync(join(__dirname, 'version.json'), 'utf8')
  if (!handlers.has(version)) handlers.set(version, load(version))
  return handlers.get(version)(event, context)
}
`

/** A stack that is synthesized from this repository, with functions of which each runs the kept version or the present one. */
export class TwoVersions {
  readonly assembly: string
  /** The module of the client that was kept. */
  readonly keptClient: string
  private readonly folder: string

  constructor(version: Version) {
    // Inside the repository, where the client finds the packages that it uses.
    this.folder = mkdtempSync(join(packageRoot, 'dist', 'two-versions-'))
    this.assembly = join(this.folder, 'cdk.out')
    cpSync(join(packageRoot, 'dist', 'cdk.out'), this.assembly, { recursive: true })
    for (const name of FUNCTIONS) {
      const folder = join(this.folder, 'lambda', name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'kept.cjs'), kept(`${name}.cjs`))
      cpSync(join(packageRoot, 'dist', 'lambda', name, 'index.cjs'), join(folder, 'present.cjs'))
      writeFileSync(join(folder, 'index.cjs'), SWITCH)
      this.deploy(name, version)
    }
    // It came with the present version.
    cpSync(join(packageRoot, 'dist', 'lambda', 'https'), join(this.folder, 'lambda', 'https'), { recursive: true })
    const client = join(this.folder, 'client.mjs')
    writeFileSync(client, kept('client.mjs'))
    this.keptClient = pathToFileURL(client).href
  }

  /** From now on this function runs that version. */
  deploy(name: FunctionName, version: Version): void {
    // At one moment: an event that comes meanwhile finds one of both.
    const written = join(this.folder, 'version.json')
    writeFileSync(written, JSON.stringify(version))
    renameSync(written, join(this.folder, 'lambda', name, 'version.json'))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const kept = (name: string): Buffer =>
  brotliDecompressSync(readFileSync(join(packageRoot, 'test', 'fixtures', 'release', `${name}.br`)))
