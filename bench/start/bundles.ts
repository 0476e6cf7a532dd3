import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { packageRoot } from '../../local/package-root.cjs'
import { inTurns, type SideFigures } from './rounds.js'

export const BUNDLES = ['connection', 'grant', 'release'] as const
export type Bundle = (typeof BUNDLES)[number]

/** The functions' bundles as esbuild makes them without care: ES modules, with all that the AWS SDK may ever need. */
const PLAIN = join(packageRoot, 'bench', 'start', 'plain-bundles.json.br')
const MODULE = new URL('./import-process.js', import.meta.url)

/** What Lambda gives to a function, and what the stack gives to these. */
export const FUNCTION_ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'KEY',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
  HOLDFAST_LOCKS_TABLE: 'Locks',
  HOLDFAST_CALLBACK_URL: 'https://callback.invalid/live',
  HOLDFAST_API: 'bench/live',
  // The bundles that are kept for comparison need it.
  HOLDFAST_INCARNATION: '1',
}

export interface BundleFigures {
  readonly bundle: Bundle
  readonly plainBytes: number
  readonly bytes: number
  /** The import: first of the plain bundle, then of ours. */
  readonly sides: readonly SideFigures[]
}

/** `https` has no plain bundle to compare it with. */
export const bundlePath = (bundle: Bundle | 'https'): string => join(packageRoot, 'dist', 'lambda', bundle, 'index.cjs')

/** The size of each function's bundle and what its import takes, against the plain one. */
export async function bundles(node: string, rounds: number): Promise<readonly BundleFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    const plain = JSON.parse(brotliDecompressSync(await readFile(PLAIN)).toString()) as {
      readonly [B in Bundle]: string
    }
    const figures: BundleFigures[] = []
    for (const bundle of BUNDLES) {
      const plainPath = join(folder, `${bundle}.mjs`)
      await writeFile(plainPath, plain[bundle])
      const side = (name: string, path: string) => ({
        name,
        module: MODULE,
        args: [path],
        environment: FUNCTION_ENVIRONMENT,
      })
      const sides = await inTurns(node, [side('plain', plainPath), side('ours', bundlePath(bundle))], rounds)
      const [{ size: plainBytes }, { size: bytes }] = await Promise.all([stat(plainPath), stat(bundlePath(bundle))])
      figures.push({ bundle, plainBytes, bytes, sides })
    }
    return figures
  } finally {
    await rm(folder, { recursive: true })
  }
}
