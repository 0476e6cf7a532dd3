import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow } from './files.js'

const FOLDERS = [
  'protocol',
  'store',
  'client',
  'functions',
  'infra',
  'local',
  'operator',
  'inspector',
  'cli',
  'bench',
  'examples',
  'scripts',
  'test',
]
const LINES_MAX = 300

/** Everybody installs from the registry of his own configuration. */
const REGISTRY_HOST = /\bregistry\.[a-z0-9-]+\.[a-z]/i

test('no file names a package registry', () => {
  const files = filesBelow('.')
  expect(files).toContain('package-lock.json')
  const naming = files.filter((file) => REGISTRY_HOST.test(readFileSync(join(packageRoot, file), 'latin1')))
  expect(naming).toEqual([])
})

test('no file is longer than can be read at one go', () => {
  const files = FOLDERS.flatMap(filesBelow).filter((file) => /\.([cm]?[jt]sx?|css)$/.test(file))
  expect(files.length).toBeGreaterThan(300)
  const long = files.filter((file) => readFileSync(join(packageRoot, file), 'utf8').split('\n').length - 1 > LINES_MAX)
  expect(long.toSorted()).toEqual([])
})

test('the lock file leaves open where packages come from', () => {
  const { packages } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'))
  const fixed = Object.entries<{ resolved?: string }>(packages).filter(([, entry]) => entry.resolved !== undefined)
  expect(Object.keys(packages).length).toBeGreaterThan(100)
  expect(fixed.map(([name]) => name)).toEqual([])
})

test('npm 10 and npm 11 leave the lock file as it is', () => {
  const { packages } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'))
  // npm 11 adds `libc` to what it locks anew, and npm 10 takes it away again; without it both keep still.
  const written = Object.entries<{ libc?: unknown }>(packages).filter(([, entry]) => entry.libc !== undefined)
  expect(written.map(([name]) => name)).toEqual([])
})

test('package.json asks for exact versions, but for packages that it shares with the AWS SDK', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^(npm:[a-z]+@)?\d+\.\d+\.\d+$/.test(version),
  )
  // The AWS SDK brings these too, by ranges: an exact version would install a second copy for each part of the SDK.
  expect(loose.map(([name]) => name)).toEqual(['@smithy/core', '@smithy/signature-v4'])
})
