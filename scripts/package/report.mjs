// What the package holds, how large that is, and what each entry adds to a bundled application: npm run pack:report. It
// fails above the bounds.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundleSizes } from './bundle-sizes.mjs'
import { pack } from './tarball.mjs'

const ROOT = join(import.meta.dirname, '..', '..')
const UNPACKED_BYTES_MAX = 5_000_000
const LARGEST = 10

const WHAT = {
  'dist/import': 'the entries as ES modules, and their types',
  'dist/require': 'the same as CommonJS',
  'dist/ws': 'the WebSocket, for bundlers',
  'dist/lambda': 'the Lambda functions',
  'dist/cdk.out': 'the CDK assembly',
  docs: 'the documents',
  '.': 'README, license, package.json',
}

const { files, size, unpackedSize } = await pack(ROOT)
const places = [...new Set(files.map(placeOf))].map((place) => [place, files.filter((file) => placeOf(file) === place)])

print('place', 'files', 'bytes', 'gzipped', '')
for (const [place, inPlace] of places.sort((a, b) => bytesOf(b[1]) - bytesOf(a[1]))) {
  const contents = await Promise.all(inPlace.map(({ path }) => readFile(join(ROOT, path))))
  print(place, inPlace.length, bytesOf(inPlace), gzipSync(Buffer.concat(contents)).length, WHAT[place] ?? '')
}
print('all', files.length, unpackedSize, size, `at most ${UNPACKED_BYTES_MAX} bytes`)

console.log(`\nthe largest files`)
for (const { path, size: bytes } of files.toSorted((a, b) => b.size - a.size).slice(0, LARGEST)) {
  console.log(`${String(bytes).padStart(9)}  ${path}`)
}

console.log(`\nin an application that esbuild bundles, minified`)
const bundles = await bundleSizes(ROOT)
for (const { name, bytes, gzipped, bytesMax } of bundles) {
  console.log(`${String(bytes).padStart(9)}  ${name} (${gzipped} gzipped, at most ${bytesMax} bytes)`)
}

for (const { name, bytes, bytesMax } of bundles.filter((bundle) => bundle.bytes > bundle.bytesMax)) {
  console.log(`\n${name} has ${bytes} bytes in a bundle, at most ${bytesMax} are allowed`)
  process.exitCode = 1
}
if (unpackedSize > UNPACKED_BYTES_MAX) {
  console.log(`\nthe package has ${unpackedSize} bytes, at most ${UNPACKED_BYTES_MAX} are allowed`)
  process.exitCode = 1
}

function placeOf({ path }) {
  const [top, second] = path.split('/')
  if (second === undefined) return '.'
  return top === 'dist' ? `${top}/${second}` : top
}

function bytesOf(some) {
  return some.reduce((sum, { size: bytes }) => sum + bytes, 0)
}

function print(place, count, bytes, gzipped, what) {
  const numbers = [String(count).padStart(6), String(bytes).padStart(9), String(gzipped).padStart(9)]
  console.log(`${place.padEnd(13)} ${numbers.join(' ')}  ${what}`.trimEnd())
}
