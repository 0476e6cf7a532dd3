import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow } from './files.js'

/** Everybody installs from the registry of his own configuration. */
const REGISTRY_HOST = /\bregistry\.[a-z0-9-]+\.[a-z]/i

test('no file names a package registry', () => {
  const files = filesBelow('.')
  expect(files).toContain('package-lock.json')
  const naming = files.filter((file) => REGISTRY_HOST.test(readFileSync(join(packageRoot, file), 'latin1')))
  expect(naming).toEqual([])
})

test('the lock file leaves open where packages come from', () => {
  const { packages } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'))
  const fixed = Object.entries<{ resolved?: string }>(packages).filter(([, entry]) => entry.resolved !== undefined)
  expect(Object.keys(packages).length).toBeGreaterThan(100)
  expect(fixed.map(([name]) => name)).toEqual([])
})

test('package.json asks for exact versions', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  )
  expect(loose).toEqual([])
})
