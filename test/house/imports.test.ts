import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { circlesIn } from './circles.js'
import { sourceFiles } from './files.js'
import { importsOf, specifiersIn, withoutExtension } from './imports.js'
import { isIn, MAY_IMPORT, roomOf } from './rooms.js'

const BUILT_AS_COMMONJS = ['protocol', 'store', 'client', 'functions', 'infra', 'local', 'operator']
/** Bundled with all that it uses, so that nobody installs its imports. */
const BUNDLED = ['functions/lambda', 'inspector/page']
/** Bundled into the command: see scripts/build/entries.mjs. */
const BUNDLED_BY_COMMAND = ['commander']

const FOLDERS = ['protocol', 'store', 'client', 'functions', 'infra', 'local', 'operator', 'inspector', 'cli']

const files = FOLDERS.flatMap((folder) => sourceFiles(folder))
const imports = files.flatMap((file) => importsOf(file))

test('the scan finds imports of every form', () => {
  const source = `import a from 'a'\nimport {\n  type B,\n} from './b.js'\nexport * from "c"\nimport 'd'\nconst e = await import('e')
const f = require('f')\n * import g from 'g'\n// import h from 'h'\nexport type { I } from 'i'\ntype J = import('j').J`
  expect(specifiersIn(source).toSorted()).toEqual(['./b.js', 'a', 'c', 'd', 'e', 'f', 'i', 'j'])
})

test('every source is in a room, and every room has sources', () => {
  const roomsOfFiles = files.map((file) => [file, roomOf(withoutExtension(file))] as const)
  expect(roomsOfFiles.filter(([, room]) => room === undefined)).toEqual([])
  const inhabited = new Set(roomsOfFiles.map(([, room]) => room))
  expect(Object.keys(MAY_IMPORT).filter((room) => !inhabited.has(room))).toEqual([])
})

test('imports between rooms run one way, those of types too', () => {
  const wrong = imports.flatMap(({ file, target }) => {
    if (target === undefined) return []
    const room = roomOf(withoutExtension(file)) ?? ''
    const isAllowed = roomOf(target) === room || (MAY_IMPORT[room] ?? []).some((one) => isIn(target, one))
    return isAllowed ? [] : [`${withoutExtension(file)} imports ${target}`]
  })
  expect([...new Set(wrong)].toSorted()).toEqual([])
})

test('no files import each other in a circle, by types neither', () => {
  const everything = ['bench', 'examples', 'test', ...FOLDERS].flatMap((folder) => sourceFiles(folder))
  const graph = new Map(
    everything.map((file) => [withoutExtension(file), importsOf(file).map(({ target }) => target)] as const),
  )
  expect(circlesIn(graph)).toEqual([])
})

test('a circle is found, and nothing that is none', () => {
  const edges = { a: ['b', 'x'], b: ['c'], c: ['b', 'd'], d: ['e'], e: ['f'], f: ['d'], g: ['a'], h: ['h'] }
  expect(circlesIn(new Map(Object.entries(edges)))).toEqual(['b, c', 'd, e, f', 'h'])
})

test('the protocol imports nothing from outside, not even from Node.js', () => {
  const outside = imports.filter(({ file, specifier }) => folderOf(file) === 'protocol' && !specifier.startsWith('.'))
  expect(outside.map(({ file, specifier }) => `${file} must not import ${specifier}`)).toEqual([])
})

test('package.json declares every package that users need', () => {
  const {
    dependencies,
    peerDependencies,
    imports: renamed,
  } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  const missing = imports.filter(({ file, specifier }) => {
    if (BUNDLED.some((room) => isIn(file, room)) || /^(\.|node:)/.test(specifier)) return false
    if (isIn(file, 'cli') && BUNDLED_BY_COMMAND.includes(specifier)) return false
    return !declared.has(packageOf(renamed[specifier]?.default ?? specifier))
  })
  expect(missing.map(({ file, specifier }) => `${file} imports ${specifier}, which is no dependency`)).toEqual([])
})

test('what is built as CommonJS too does not ask for its own URL', () => {
  const asking = BUILT_AS_COMMONJS.flatMap((folder) => sourceFiles(folder)).filter((file) =>
    readFileSync(join(packageRoot, file), 'utf8').includes('import.meta'),
  )
  expect(asking).toEqual([])
})

const folderOf = (file: string): string => file.split('/', 1)[0] ?? ''

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
