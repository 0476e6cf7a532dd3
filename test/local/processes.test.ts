import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const run = promisify(execFile)
const cli = join(packageRoot, 'dist/import/cli.js')

/** The processes of a DynamoDB Local whose data are in this folder: Java, and the shell that watches over it. */
async function processesOn(folder: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'args'])
  return stdout.split('\n').filter((line) => line.includes(`-dbPath ${folder}`))
}

const isJava = (line: string): boolean => !line.startsWith('/bin/sh')

const children: ChildProcess[] = []

/** Starts a program and waits until it has printed `text`. */
async function startUntil(args: readonly string[], text: string, temporary: string) {
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: packageRoot, env })
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
  /** The folder for temporary files of the process under test. */
  let temporary: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-process-'))
    temporary = mkdtempSync(join(tmpdir(), 'holdfast-tmpdir-'))
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const made of [folder, temporary]) rmSync(made, { recursive: true, force: true })
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
    const { exited, printed } = await startUntil(args(), 'it is up', temporary)
    expect(await exited).toEqual([0, null])
    expect(printed()).toContain('it is up')
    expect(await processesOn(folder)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  })

  const forgetful = `
    const { createHoldfast } = require('holdfast')
    const { startLocalStack } = require('holdfast/testing')
    async function access() {
      const { config, credentials } = await startLocalStack({ dataDir: process.env.DATA_FOLDER })
      const holdfast = createHoldfast({ namespace: 'forgetful', config, credentials })
      await holdfast.access('a', { write: ['n'] }, ({ state }) => { state.n = 1 })
      await holdfast.close()
    }
  `
  const withData = () => ({ ...process.env, TMPDIR: temporary, DATA_FOLDER: folder })

  test('ends by itself, with all of the stack, when it forgets to stop it', async () => {
    const program = `${forgetful}
      access().then(() => {
        const closedMs = performance.now()
        process.on('exit', () => console.log('ended after ' + (performance.now() - closedMs) + ' ms'))
      })`
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: packageRoot, env: withData() })
    expect(Number(/^ended after (\S+) ms$/m.exec(stdout)?.[1])).toBeLessThan(2_000)
    await emptied(temporary)
    expect((await processesOn(folder)).filter(isJava)).toEqual([])
  })

  test('is no test runner that has to be forced to exit when a test forgets to stop it', async () => {
    const project = mkdtempSync(join(tmpdir(), 'holdfast-jest-'))
    try {
      mkdirSync(join(project, 'node_modules'))
      symlinkSync(packageRoot, join(project, 'node_modules', 'holdfast'))
      writeFileSync(
        join(project, 'jest.config.json'),
        JSON.stringify({ transform: {}, testTimeout: 30_000, cacheDirectory: 'cache' }),
      )
      writeFileSync(join(project, 'forgetful.test.js'), `${forgetful}\ntest('accesses', access)`)
      const jest = join(packageRoot, 'node_modules/jest/bin/jest.js')
      const args = [jest, '--runInBand', '--no-cache', '--config', 'jest.config.json']
      const { stderr } = await run(process.execPath, args, { cwd: project, env: withData() })
      expect(stderr).toMatch(/1 passed/)
      expect(stderr).not.toMatch(/did not exit/)
      await emptied(temporary)
      expect((await processesOn(folder)).filter(isJava)).toEqual([])
    } finally {
      rmSync(project, { recursive: true, force: true })
    }
  })

  test('takes DynamoDB Local with it when it is killed', async () => {
    const staying = script(`await import('holdfast/testing')`).replace(
      'await stack.stop()',
      'setInterval(() => {}, 1e6)',
    )
    const { child, exited } = await startUntil(['--input-type=module', '-e', staying], 'it is up', temporary)
    expect(readdirSync(temporary)).not.toEqual([])
    expect(await processesOn(folder)).toHaveLength(2)
    const ended = once(await connectToJava(folder), 'close')
    child.kill('SIGKILL')
    await exited
    await ended
    expect((await processesOn(folder)).filter(isJava)).toEqual([])
    await emptied(temporary)
  })

  test('is what the command line starts, until Ctrl-C', async () => {
    const args = [cli, 'local', '--port', '0', '--data', folder]
    const { child, exited, printed } = await startUntil(args, 'Ctrl-C ends it.', temporary)
    expect(printed()).toMatch(/export HOLDFAST_CONFIG='\{"url":"ws:\/\/127\.0\.0\.1:\d+\/live"/)
    expect(printed()).not.toContain('AWS_')
    expect(await processesOn(folder)).toHaveLength(2)
    const askedMs = performance.now()
    child.kill('SIGINT')
    expect(await exited).toEqual([0, null])
    expect(performance.now() - askedMs).toBeLessThan(2_000)
    expect(await processesOn(folder)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
    expect(printed()).not.toMatch(/warning/i)
  })
})

/** Resolves once nothing is left in this folder. */
async function emptied(folder: string): Promise<void> {
  const watcher = watch(folder)
  while (readdirSync(folder).length > 0) await once(watcher, 'change')
  watcher.close()
}

/** A connection to the Java process, which ends when that does. */
async function connectToJava(folder: string): Promise<Socket> {
  const [java = ''] = await processesOn(folder)
  const socket = connect(Number(/-port (\d+)/.exec(java)?.[1]), '127.0.0.1')
  await once(socket, 'connect')
  return socket.on('error', () => {}).resume()
}
