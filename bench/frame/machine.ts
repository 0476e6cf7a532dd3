import { execFile } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { promisify } from 'node:util'
import type { Machine } from './results.js'

/** The Node.js that figures are claimed for, and the oldest one that is supported: npm's package `node`. */
export const REFERENCE_NODE = '24.21.0'
export const OLDEST_NODE = '20.16.0'

const run = promisify(execFile)
const MIB = 1024 * 1024

/** The path of this version of Node.js, from npm where this process is another one. */
export async function nodePath(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath
  const given = ['--yes', `--package=node@${version}`, '--', 'node', '-p', 'process.execPath']
  const { stdout } = await run('npx', given, { env: { ...process.env, npm_config_loglevel: 'error' } })
  const path = stdout.trim()
  const { stdout: found } = await run(path, ['-p', 'process.versions.node'])
  if (found.trim() !== version) throw new Error(`npx gave Node.js ${found.trim()} where ${version} was asked for`)
  return path
}

/** Whether goals are set for the Node.js at this path. */
export async function isReference(path: string): Promise<boolean> {
  const { stdout } = await run(path, ['-p', 'process.versions.node'])
  return stdout.trim() === REFERENCE_NODE
}

export const machine = (): Machine => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / MIB / 1024),
  date: new Date().toISOString().slice(0, 10),
  loadBefore: loadavg()[0] ?? Number.NaN,
})
