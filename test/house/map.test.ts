import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow, sourceFiles } from './files.js'

/** Folders that the first table describes as a whole, with the folders below them. */
const WHOLE = ['examples/', 'bench/', 'scripts/', 'test/']

const map = readFileSync(join(packageRoot, 'docs/internals/architecture.md'), 'utf8')

/** The second cell of each row of a table, by the folder that the first one names. */
function rowsBelow(head: string): ReadonlyMap<string, string> {
  const [, rest = ''] = map.split(`${head}\n`)
  const rows = (rest.split('\n\n', 1)[0] ?? '').matchAll(/^\| `([\w/-]+\/)` \| ([^|]*) \|/gm)
  return new Map([...rows].map(([, folder = '', cell = '']) => [folder, cell]))
}

const folders = rowsBelow('| folder | contents | where it runs |')
const rooms = rowsBelow('| room | files |')

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1)
const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1).replace(/\..*$/, '')
const sources = [...folders.keys()].filter((folder) => !WHOLE.includes(folder)).flatMap(sourceFiles)

/** The files of a room that the map names: what stands in parentheses explains them. */
const namedIn = (room: string): readonly string[] =>
  [...(rooms.get(room) ?? '').replaceAll(/\([^)]*\)/g, '').matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name)

test('the map has every folder of the repository that has sources', () => {
  const top = filesBelow('.')
    .filter((file) => /\/.*\.([cm]?[jt]sx?)$/.test(file))
    .map((file) => file.slice(0, file.indexOf('/') + 1))
  expect([...new Set(top)].toSorted()).toEqual([...folders.keys()].toSorted())
})

test('every folder with sources is a room of the map, and every room has sources', () => {
  expect([...new Set(sources.map(folderOf))].toSorted()).toEqual([...rooms.keys()].toSorted())
})

test.each([...rooms.keys()])('the map names every source file of %s, each once, and no other', (room) => {
  const files = sources.filter((file) => folderOf(file) === room).map(nameOf)
  expect([...namedIn(room)].toSorted()).toEqual([...new Set(files)].toSorted())
})

test.each(WHOLE)('the map names every folder below %s, and no other', (whole) => {
  const below = filesBelow(whole).flatMap((file) => /^[^/]+\/([^/]+\/)/.exec(file)?.[1] ?? [])
  const named = [...(folders.get(whole) ?? '').matchAll(/`([\w-]+\/)`/g)].map(([, folder = '']) => folder)
  // Tests have folders of the same names as what they test.
  const needed = [...new Set(below)].filter((folder) => whole !== 'test/' || !folders.has(folder))
  expect(named.toSorted()).toEqual(needed.toSorted())
})

test('the page on tests names every folder of tests', () => {
  const page = readFileSync(join(packageRoot, 'docs/internals/testing.md'), 'utf8')
  const below = filesBelow('test').flatMap((file) => /^test\/[^/]+\//.exec(file)?.[0] ?? [])
  expect([...new Set(below)].filter((folder) => !page.includes(`\`${folder}`))).toEqual([])
})

test('every file that the map names with its folder is there', () => {
  const paths = [...map.matchAll(/`([\w-]+\/[\w./-]+)`/g)].map(([, path = '']) => path)
  expect(paths.length).toBeGreaterThan(100)
  const inside = paths.filter((path) => !path.startsWith('holdfast/'))
  expect(inside.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([])
})
