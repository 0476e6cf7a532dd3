import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow } from './files.js'

const TOP = 'protocol|store|functions|client|infra|local|bench|examples|scripts|test|docs'
const PATH = new RegExp(`\`((?:${TOP})/[\\w./-]*)\``, 'g')
const ROOM = new RegExp(`^\\| \`((?:${TOP})/[\\w/-]*)\` \\| (.*) \\|$`, 'gm')

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8')

test('every path that a document names is there', () => {
  const documents = ['README.md', ...filesBelow('docs').filter((file) => file.endsWith('.md'))]
  const named = documents.flatMap((file) => [...read(file).matchAll(PATH)].map(([, path = '']) => ({ file, path })))
  expect(named.length).toBeGreaterThan(50)
  const missing = named.filter(({ path }) => !existsSync(join(packageRoot, path)))
  expect(missing.map(({ file, path }) => `${file} names ${path}`)).toEqual([])
})

test('every file that the map puts into a room is in that room', () => {
  const [, table = ''] = read('docs/ARCHITECTURE.md').split('| room | files |')
  const placed = [...(table.split('\n\n', 1)[0] ?? '').matchAll(ROOM)].flatMap(([, room = '', files = '']) => {
    const names = files.replaceAll(/\([^)]*\)/g, '').matchAll(/`([\w-]+)`/g)
    return [...names].map(([, name]) => `${room}${name}.ts`)
  })
  expect(placed.length).toBeGreaterThan(100)
  expect(placed.filter((file) => !existsSync(join(packageRoot, file)))).toEqual([])
})
