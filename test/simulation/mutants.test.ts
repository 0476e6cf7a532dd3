import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { MUTANTS } from './mutants/index.js'

test('each planted bug names a line that stands once in its file', () => {
  const misplaced = MUTANTS.filter(({ file, from }) => {
    const source = readFileSync(join(packageRoot, file), 'utf8')
    return source.split(from).length !== 2
  })
  expect(misplaced.map(({ name, file }) => `${name} (${file})`)).toEqual([])
})

test('each planted bug has a name of its own and changes something', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  expect(MUTANTS.filter(({ from, to }) => from === to)).toEqual([])
})
