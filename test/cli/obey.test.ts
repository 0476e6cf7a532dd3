import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { packageRoot } from '../../local/package-root.cjs'

/** A process that is busy with an order, and sees nothing else, until its input ends. */
const BUSY = `
  import { readSync, writeSync } from 'node:fs'
  import { obey } from './cli/processes/obey.ts'

  obey(
    () => {
      writeSync(1, 'busy')
      readSync(0, new Uint8Array(1))
      return 'done'
    },
    async () => {},
  )`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-obey-'))
  const outfile = join(folder, 'busy.mjs')
  const stdin = { contents: BUSY, resolveDir: packageRoot }
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm' })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** A process that does what it was ordered. */
async function busy(): Promise<ChildProcess> {
  const child = fork(join(folder, 'busy.mjs'), { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
  child.send({ ask: 1, what: 'anything' })
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return child
}

async function ended(child: ChildProcess): Promise<{ readonly code: unknown; readonly err: string }> {
  const err = text(child.stderr as NonNullable<typeof child.stderr>)
  const exit = once(child, 'exit')
  child.stdin?.end('.')
  return { code: (await exit)[0] as unknown, err: await err }
}

test('a process answers what it was ordered', async () => {
  const child = await busy()
  const answer = once(child, 'message')
  child.stdin?.write('.')
  expect(await answer).toEqual([{ answer: 1, value: 'done' }, undefined])
  child.disconnect()
  expect(await ended(child)).toEqual({ code: 0, err: '' })
})

test('a process whose parent has gone while it was busy ends in peace', async () => {
  const child = await busy()
  const gone = once(child, 'disconnect')
  child.disconnect()
  await gone
  expect(await ended(child)).toEqual({ code: 0, err: '' })
})
