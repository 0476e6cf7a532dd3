import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { ROOT } from './program.mjs'

const FOLDERS = ['client', 'functions', 'protocol']
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Which lines of the product no process that ran this bundle has reached, as V8 counted in `directory`. */
export async function coverageReport(bundle, directory) {
  const [text, map] = await Promise.all([readFile(bundle, 'utf8'), readFile(`${bundle}.map`, 'utf8')])
  const counted = new Uint8Array(text.length)
  for (const name of await readdir(directory)) {
    const { result } = JSON.parse(await readFile(join(directory, name), 'utf8'))
    const script = result.find(({ url }) => url.startsWith('file:') && fileURLToPath(url) === bundle)
    if (script !== undefined) markReached(counted, script.functions)
  }
  const files = linesOf(text, JSON.parse(map), resolve(bundle, '..'), counted)
  const report = []
  for (const folder of FOLDERS) {
    const all = await Promise.all((await sourcesIn(folder)).map(async (file) => ({ file, ...(await of(files, file)) })))
    const sum = (field) => all.reduce((total, one) => total + one[field], 0)
    report.push(`${folder}/: ${sum('reached')} of ${sum('lines')} lines with code reached`)
    for (const { file, lines, reached, missed } of all.filter((one) => one.missed.length > 0))
      report.push(`  ${file}: ${reached === 0 ? `none of ${lines}` : `not ${ranged(missed)}`}`)
  }
  return report.join('\n')
}

/** Each range counts for itself, inside a function or block that counts otherwise. Reached once is reached. */
function markReached(counted, functions) {
  const own = new Uint8Array(counted.length).fill(1)
  const all = functions.flatMap(({ ranges }) => ranges)
  for (const { startOffset, endOffset, count } of all.sort(
    (a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset,
  ))
    own.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  for (let index = 0; index < own.length; index += 1) counted[index] |= own[index]
}

/** By file: each line that has code, and whether any of it was reached. */
function linesOf(text, { mappings, sources }, folder, counted) {
  const files = sources.map((source) => ({ file: relative(ROOT, resolve(folder, source)), lines: new Map() }))
  let [source, line, start] = [0, 0, 0]
  const byLine = mappings.split(';')
  for (const [index, generated] of text.split('\n').entries()) {
    let column = 0
    for (const segment of (byLine[index] ?? '').split(',').filter((part) => part !== '')) {
      const [columns, sourcesOn = 0, linesOn = 0] = decoded(segment)
      column += columns
      source += sourcesOn
      line += linesOn
      const { lines } = files[source]
      lines.set(line + 1, lines.get(line + 1) === true || counted[start + column] === 1)
    }
    start += generated.length + 1
  }
  return new Map(files.map(({ file, lines }) => [file, lines]))
}

/** The numbers of one segment of a source map. */
function decoded(segment) {
  const numbers = []
  let [value, shift] = [0, 0]
  for (const character of segment) {
    const digit = BASE64.indexOf(character)
    value += (digit & 31) << shift
    shift += 5
    if (digit & 32) continue
    numbers.push(value & 1 ? -(value >> 1) : value >> 1)
    ;[value, shift] = [0, 0]
  }
  return numbers
}

async function of(files, file) {
  const lines = files.get(file)
  if (lines !== undefined) {
    const missed = [...lines].flatMap(([line, isReached]) => (isReached ? [] : [line])).sort((a, b) => a - b)
    return { lines: lines.size, reached: lines.size - missed.length, missed }
  }
  // It is no part of the simulation. A file of types alone has no code.
  const source = await readFile(join(ROOT, file), 'utf8')
  const { code } = await transform(source, { loader: 'ts' })
  const missed = code.trim() === '' ? [] : source.split('\n').map((_, index) => index + 1)
  return { lines: missed.length, reached: 0, missed }
}

async function sourcesIn(folder) {
  const names = await readdir(join(ROOT, folder), { recursive: true })
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** Lines one after the other, between which none was reached, are one range. */
function ranged(lines) {
  const parts = []
  for (const line of lines) {
    const last = parts.at(-1)
    if (last !== undefined && line <= last[1] + 1) last[1] = line
    else parts.push([line, line])
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
