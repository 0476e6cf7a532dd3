import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow } from './files.js'

const TOP = 'protocol|store|functions|client|infra|local|inspector|cli|bench|examples|scripts|test|docs'
const PATH = new RegExp(`\`((?:${TOP})/[\\w./-]*)\``, 'g')

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8')

const documents = filesBelow('.').filter((file) => /^(docs\/.*|[A-Z]+)\.md$/.test(file))

/** The text without its code. */
const prose = (file: string): string => read(file).replaceAll(/^```.*?^```$/gms, '')

/** The places in a document that links can name, as GitHub makes them of its headings. */
const anchorsOf = (file: string): readonly string[] =>
  [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

test('every link goes to a heading of a document that the package has, too', () => {
  const links = documents.flatMap((file) =>
    [...prose(file).matchAll(/\]\((?!https:)([^)#]*)(?:#([^)]*))?\)/g)].map(([link, path = '', anchor]) => {
      const target = path === '' ? file : relative(packageRoot, join(packageRoot, dirname(file), path))
      const isPlot = /\.(svg|png)$/.test(target) && existsSync(join(packageRoot, target))
      const isThere =
        isPlot || (documents.includes(target) && (anchor === undefined || anchorsOf(target).includes(anchor)))
      return isThere ? 'is there' : `${file} has ${link}`
    }),
  )
  expect(links.length).toBeGreaterThan(50)
  expect(links.filter((link) => link !== 'is there')).toEqual([])
})

test('README is short: the rest is in the guide', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(201)
})

test('every path that a document names is there', () => {
  const named = documents.flatMap((file) => [...read(file).matchAll(PATH)].map(([, path = '']) => ({ file, path })))
  expect(named.length).toBeGreaterThan(50)
  const missing = named.filter(({ path }) => !existsSync(join(packageRoot, path)))
  expect(missing.map(({ file, path }) => `${file} names ${path}`)).toEqual([])
})
