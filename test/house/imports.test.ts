import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow, sourceFiles } from './files.js'

/** Which folders, or single files, a folder may import besides itself. Imports run one way. */
const MAY_IMPORT: { readonly [folder: string]: readonly string[] } = {
  protocol: [],
  store: ['protocol'],
  client: ['protocol', 'store'],
  functions: ['protocol', 'store'],
  // The construct checks its timing, and finds the bundles of the package that it is in.
  infra: ['protocol', 'local/package-root'],
  // The test kit gives its user the configuration of a client, and fails as the client does.
  local: ['protocol', 'store', 'client/errors', 'client/options'],
}
const BUILT_AS_COMMONJS = ['protocol', 'store', 'client', 'infra', 'local']
/** Bundled with all that they use, so that nobody installs their imports. */
const BUNDLED = ['functions']

interface Import {
  readonly file: string
  readonly specifier: string
}

const files = Object.keys(MAY_IMPORT).flatMap((folder) => sourceFiles(folder))
const imports = files.flatMap((file) => importsOf(file))

test('the scan finds imports of every form', () => {
  const source = `import a from 'a'\nimport {\n  type B,\n} from './b.js'\nexport * from "c"\nimport 'd'\nconst e = await import('e')
const f = require('f')\n * import g from 'g'\n// import h from 'h'\nexport type { I } from 'i'\ntype J = import('j').J`
  expect(specifiersIn(source).toSorted()).toEqual(['./b.js', 'a', 'c', 'd', 'e', 'f', 'i', 'j'])
})

test('every folder has sources to look at', () => {
  for (const folder of Object.keys(MAY_IMPORT)) {
    expect([folder, files.some((file) => file.startsWith(`${folder}/`))]).toEqual([folder, true])
  }
})

test('imports between folders run one way', () => {
  const wrong = imports.filter(({ file, specifier }) => {
    if (!specifier.startsWith('.')) return false
    const folder = folderOf(file)
    const target = posix.join(posix.dirname(file), specifier).replace(/\.c?js$/, '')
    const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])]
    return !allowed.some((one) => target === one || target.startsWith(`${one}/`))
  })
  expect(wrong.map(({ file, specifier }) => `${file} must not import ${specifier}`)).toEqual([])
})

test('the protocol imports nothing from outside, not even from Node.js', () => {
  const outside = imports.filter(({ file, specifier }) => folderOf(file) === 'protocol' && !specifier.startsWith('.'))
  expect(outside.map(({ file, specifier }) => `${file} must not import ${specifier}`)).toEqual([])
})

test('package.json declares every package that users need', () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const declared = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  const missing = imports.filter(({ file, specifier }) => {
    if (BUNDLED.includes(folderOf(file)) || /^(\.|node:)/.test(specifier)) return false
    return !declared.has(packageOf(specifier))
  })
  expect(missing.map(({ file, specifier }) => `${file} imports ${specifier}, which is no dependency`)).toEqual([])
})

test('what is built as CommonJS too does not ask for its own URL', () => {
  const asking = BUILT_AS_COMMONJS.flatMap((folder) => sourceFiles(folder)).filter((file) =>
    readFileSync(join(packageRoot, file), 'utf8').includes('import.meta'),
  )
  expect(asking).toEqual([])
})

test('what is built as CommonJS too imports nothing that is named only at run time', () => {
  // There `import(name)` has become `require(name)`, which cannot load an ES module. One in a string has stayed.
  const built = filesBelow('dist/cjs').filter((file) => file.endsWith('.js'))
  expect(built).toContain('dist/cjs/client/errors/index.js')
  const wrong = built.filter((file) => readFileSync(join(packageRoot, file), 'utf8').includes('Promise.resolve(`${'))
  expect(wrong).toEqual([])
})

function importsOf(file: string): readonly Import[] {
  const source = readFileSync(join(packageRoot, file), 'utf8')
  return specifiersIn(source).map((specifier) => ({ file, specifier }))
}

/** A statement starts its line, which one in a comment does not. */
function specifiersIn(source: string): readonly string[] {
  const statements = source.matchAll(/^[ \t]*(?:import|export)\b[^;'"()]*\bfrom\s*(['"])(?<specifier>[^'"]+)\1/gm)
  const bare = source.matchAll(/^[ \t]*import\s*(['"])(?<specifier>[^'"]+)\1/gm)
  const calls = source.matchAll(/\b(?:import|require)\(\s*(['"])(?<specifier>[^'"]+)\1\s*\)/g)
  return [...statements, ...bare, ...calls].map((match) => match.groups?.specifier ?? '')
}

const folderOf = (file: string): string => file.split('/', 1)[0] ?? ''

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
