import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const run = promisify(execFile)
const cli = join(packageRoot, 'dist/esm/local/cli.js')

/** The processes of a DynamoDB Local whose data are in this folder: Java, and the shell that watches over it. */
async function processesOn(folder: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'args'])
  return stdout.split('\n').filter((line) => line.includes(`-dbPath ${folder}`))
}

const isJava = (line: string): boolean => !line.startsWith('/bin/sh')

const children: ChildProcess[] = []

/** Starts a program and waits until it has printed `text`. */
async function startUntil(args: readonly string[], text: string) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: packageRoot })
  children.push(child)
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let printed = ''
  const found = new Promise<void>((resolve) => {
    const look = (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes(text)) resolve()
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
  })
  await Promise.race([found, exited])
  return { child, exited, printed: () => printed }
}

/** The package as it was built, in processes of their own. */
describe('a process with a local stack', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-process-'))
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const script = (load: string) => `
    (async () => {
      const { startLocalStack } = ${load}
      const stack = await startLocalStack({ dataDir: ${JSON.stringify(folder)} })
      console.log('it is up')
      await stack.stop()
    })()
  `
  test.each([
    ['ES modules', () => ['--input-type=module', '-e', script(`await import('holdfast/testing')`)]],
    ['CommonJS', () => ['--input-type=commonjs', '-e', script(`require('holdfast/testing')`)]],
  ])('ends by itself once the stack is stopped, from %s', async (_, args) => {
    const { exited, printed } = await startUntil(args(), 'it is up')
    expect(await exited).toEqual([0, null])
    expect(printed()).toContain('it is up')
    expect(await processesOn(folder)).toEqual([])
  })

  test('takes DynamoDB Local with it when it is killed', async () => {
    const staying = script(`await import('holdfast/testing')`).replace('await stack.stop()', '')
    const { child, exited } = await startUntil(['--input-type=module', '-e', staying], 'it is up')
    expect(await processesOn(folder)).toHaveLength(2)
    const ended = once(await connectToJava(folder), 'close')
    child.kill('SIGKILL')
    await exited
    await ended
    expect((await processesOn(folder)).filter(isJava)).toEqual([])
  })

  test('is what the command line starts, until Ctrl-C', async () => {
    const args = [cli, 'local', '--data', folder]
    const { child, exited, printed } = await startUntil(args, 'Ctrl-C ends it.')
    expect(printed()).toMatch(/export HOLDFAST_CONFIG='\{"url":"ws:\/\/127\.0\.0\.1:\d+\/live"/)
    expect(printed()).toMatch(/export AWS_ACCESS_KEY_ID='LOCAL[0-9A-F]+'/)
    expect(await processesOn(folder)).toHaveLength(2)
    child.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    expect(await processesOn(folder)).toEqual([])
  })

  test.each([
    [[], /expected 'holdfast local'/],
    [['local', '--colour'], /--colour/],
    [['local', '--port', 'x'], /--port must be a port from 0 to 65535, received 'x'\n/],
    [['local', '--port', ''], /--port must be a port from 0 to 65535, received ''\n/],
    [['local', '--port', '65536'], /--port must be a port from 0 to 65535, received '65536'\n/],
  ])('is not started by the command line with %j', async (args, message) => {
    const failed = await run(process.execPath, [cli, ...args]).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(message) })
  })
})

/** A connection to the Java process, which ends when that does. */
async function connectToJava(folder: string): Promise<Socket> {
  const [java = ''] = await processesOn(folder)
  const socket = connect(Number(/-port (\d+)/.exec(java)?.[1]), '127.0.0.1')
  await once(socket, 'connect')
  return socket.on('error', () => {}).resume()
}
