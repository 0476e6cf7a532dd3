import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { sourceFiles } from './files.js'

/** A container that a whole module shares and that is empty at first, so that something fills it. */
const EMPTY_CONTAINER = /^(?:export )?(?:const|let) (\w+)[^=]*= (?:new (?:Map|Set)(?:<.*>)?\(\)|\[\])/gm
/** They live as long as the process. Each is here with its bound. */
const BOUNDED = [
  // SIGNING_KEYS_MAX
  'local/iam/sigv4.ts signingKeys',
  // One for each stack that runs here, and for each call of showLocks() that has not been stopped.
  'local/inspector/locks/lock-teller.ts addressesTold',
  // REMEMBERED_MAX
  'store/memory/expressions.ts conditions',
  'store/memory/expressions.ts updates',
]
/** They stay empty: their types have no method that changes them. */
const IS_CONSTANT = /^NO(?:_[A-Z]+|NE)$/

test('no module has a container without a bound', () => {
  const files = ['protocol', 'store', 'client', 'functions', 'local'].flatMap(sourceFiles)
  const found = files.flatMap((file) => {
    const source = readFileSync(join(packageRoot, file), 'utf8')
    const names = [...source.matchAll(EMPTY_CONTAINER)].map(([, name = '']) => name)
    return names.filter((name) => !IS_CONSTANT.test(name)).map((name) => `${file} ${name}`)
  })
  expect(found.toSorted()).toEqual(BOUNDED)
})
