import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInFile } from '../../cli/dev/env-file.js'
import { readTiming } from '../../cli/dev/timing.js'
import { endAll, inProcess, jsonOf, startInPipe, startInTerminal } from './programs.js'
import { DEV, DOCTOR, matches } from './shapes.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-dev-'))
})
afterEach(() => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})

/** Prints what it finds in its environment, then waits for a signal. */
const PROGRAM = `
  process.on('SIGTERM', () => process.exit(7))
  console.log('up', process.env.AWS_ACCESS_KEY_ID, process.env.HOLDFAST_CONFIG)
  setInterval(() => {}, 1_000)`

test('dev runs a program with the variables set, passes signals on, and ends as it does', async () => {
  const file = join(folder, '.env')
  writeFileSync(file, "PORT=3000\nHOLDFAST_CONFIG='old'\n")
  const timing = ['--timing', 'leaseMs=4000']
  const args = ['dev', '--port', '0', '--write-env', file, ...timing, '--', process.execPath, '-e', PROGRAM]
  const running = startInPipe(args, { env: { AWS_ACCESS_KEY_ID: 'MINE' } })
  await running.shows('up MINE')
  const [, key, config = ''] = /^up (\S+) (.+)$/m.exec(running.out) ?? []
  expect(key).toBe('MINE')
  expect(JSON.parse(config)).toMatchObject({
    url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/live$/),
    credentials: { accessKeyId: 'LOCALAPPLICATION', secretAccessKey: expect.any(String) },
  })
  const lines = readFileSync(file, 'utf8').split('\n')
  expect(lines.slice(0, 2)).toEqual(['PORT=3000', `HOLDFAST_CONFIG='${config}'`])
  expect(lines.slice(2)).toEqual([
    expect.stringMatching(/^HOLDFAST_INSPECTOR='http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/locks'$/),
    '',
  ])
  const seen = jsonOf(await inProcess(['doctor', '--json'], { env: { HOLDFAST_CONFIG: config } }))
  const { steps, isHealthy } = matches(DOCTOR, seen)
  expect([isHealthy, steps.flatMap(({ findings }) => findings)]).toEqual([true, []])
  expect(steps.map(({ detail }) => detail)).toContainEqual(expect.stringContaining('lease 4000 ms'))
  running.child.kill('SIGTERM')
  expect(await running.ended).toMatchObject({ code: 7, err: expect.stringContaining('holdfast: stopping') })
})

test('dev on a terminal prints what to set, and writes it into a file, until Ctrl-C', async () => {
  // Node.js reads options behind a script, too: it must not take this one for its own, where there is no file yet.
  const file = join(folder, '.env')
  const running = startInTerminal(['dev', '--port', '0', '--json', '--write-env', file])
  await running.shows('"locksTable"')
  running.child.stdin?.write('\x03')
  expect((await running.ended).code).toBe(0)
  const [line = ''] = running.out.split('\n').filter((each) => each.startsWith('{'))
  const { config, environment } = matches(DEV, JSON.parse(line))
  expect(JSON.parse(environment.HOLDFAST_CONFIG)).toEqual(config)
  expect(readFileSync(file, 'utf8')).toContain(`HOLDFAST_CONFIG='${environment.HOLDFAST_CONFIG}'`)
  running.child.stdin?.end()
})

test('a file of variables keeps its other lines, and is made where there is none', async () => {
  const file = join(folder, '.env')
  await setInFile(file, { A: '{"x":1}' })
  expect(readFileSync(file, 'utf8')).toBe(`A='{"x":1}'\n`)
  writeFileSync(file, '# mine\nAB=1\nexport A = 2\n\n\n')
  await setInFile(file, { A: '3', B: '4' })
  expect(readFileSync(file, 'utf8')).toBe(`# mine\nAB=1\nA='3'\nB='4'\n`)
})

test('times are read as pairs and as JSON, and refused where they are unsafe', () => {
  expect(readTiming('leaseMs=5000')).toMatchObject({ leaseMs: 5_000, nudgeAfterMs: 2_000 })
  expect(readTiming('{"leaseMs":6000}')).toMatchObject({ leaseMs: 6_000 })
  for (const wrong of ['leaseMs', 'leaseMs=5s', 'lease=5', 'leaseMs=100', '{"leaseMs"']) {
    expect(() => readTiming(wrong)).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }))
  }
})

test('a program that cannot be run is named before anything else could be thought', async () => {
  const { runProgram } = await import('../../cli/dev/program.js')
  await expect(runProgram(['/no/such/program'], {})).rejects.toMatchObject({ code: 'PROGRAM', exitCode: 127 })
  expect(await runProgram([process.execPath, '-e', 'process.kill(process.pid, "SIGKILL")'], {})).toBe(137)
})
