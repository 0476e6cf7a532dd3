import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from '../../cli/commands.js'
import { CODES } from '../../cli/doctor/findings.js'
import { packageRoot } from '../../local/package-root.cjs'
import { COMMAND, inPipe, inProcess, inTerminal } from './programs.js'
import { FAILED, matches } from './shapes.js'

const names = Object.keys(COMMANDS)
const guide = readFileSync(join(packageRoot, 'docs/guide/cli.md'), 'utf8')

test('the help names every command and exit code, in a terminal and in a pipe', async () => {
  const [screen, pipe] = await Promise.all([inTerminal(['--help']), inPipe(['--help'])])
  expect([screen.code, pipe.code, pipe.err]).toEqual([0, 0, ''])
  for (const name of names) expect(pipe.out).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
  expect(pipe.out).toContain('Exit codes:')
  expect(pipe.out).not.toContain('\x1b')
  expect(screen.out).toContain('\x1b')
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  expect(await inPipe(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test.each(names)('%s has help with examples, and a part in docs/guide/cli.md with every option', async (name) => {
  const [long, short] = await Promise.all([inProcess(['help', name]), inProcess([name, '--help'])])
  expect([long.code, short.code]).toEqual([0, 0])
  expect(long.out).toBe(short.out)
  expect(long.out).toContain(`Examples:\n  `)
  expect(long.out).toMatch(new RegExp(`^ {2}.*holdfast ${name}`, 'm'))
  const [, part = ''] = guide.split(`\n## ${name}\n`)
  const options = [...long.out.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, option = '']) => option)
  expect(options.length).toBeGreaterThan(1)
  const [common = ''] = guide.split('\n## ', 1)
  const own = part.split('\n## ', 1)[0] ?? ''
  expect(options.filter((option) => !own.includes(option) && !common.includes(option))).toEqual([])
})

test('docs/guide/cli.md has every code of doctor', () => {
  expect(CODES.filter((code) => !guide.includes(`\`${code}\``))).toEqual([])
})

test.each<[string, readonly string[], string, string]>([
  ['an option that is none', ['ls', '--colour'], "unknown option '--colour'", 'ls'],
  ['a number that is too large', ['demo', '--seconds', '601'], 'whole number from 4 to 600', 'demo'],
  ['a value that is missing', ['bench', '--json', '--seconds'], 'argument missing', 'bench'],
  ['a command that is none', ['lst'], "unknown command 'lst'", ''],
  ['no configuration', ['ls'], 'no HOLDFAST_CONFIG', 'ls'],
])('%s is JSON, too, and names the help', async (_, args, message, command) => {
  const { code, out, err } = await inProcess(args.includes('--json') ? args : [...args, '--json'])
  expect([code, err]).toEqual([2, ''])
  const { error } = matches(FAILED, JSON.parse(out))
  expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) })
  expect(error.cure).toBe(`See 'holdfast help${command === '' ? '' : ` ${command}`}'.`)
})

/** With a disk that is full for the output, or for the errors. */
function onFullDisk(redirection: string, ...args: readonly string[]) {
  const command = `exec '${process.execPath}' '${COMMAND}' ${args.join(' ')} ${redirection}`
  return spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: { PATH: process.env.PATH } })
}

test('an output that is not complete is a failure, and notes that nobody gets are none', () => {
  const full = onFullDisk('>/dev/full', 'cost', '--print-prices')
  expect([full.status, full.stderr]).toEqual([1, expect.stringContaining('not complete: ENOSPC\n')])
  expect(onFullDisk('2>/dev/full', 'ls', '--colour').status).toBe(2)
  expect(onFullDisk('2>&1 | head -1', 'cost').stdout.split('\n').length).toBe(2)
})

test('an alias is the command', async () => {
  const [alias, command] = await Promise.all([inProcess(['local', '--help']), inProcess(['dev', '--help'])])
  expect(alias).toEqual(command)
})
