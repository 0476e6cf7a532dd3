// What .ci/run says at its end, from the folder where it keeps what its steps printed: the steps that failed, and of each
// the lines that say why. Records of CI keep the end of what was printed, so it is short. Its last line has the tests.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** All that is said fits into 40 lines. */
const REASONS_MAX = 36
const LINE_LENGTH_MAX = 300
/** What most programs say of a failure. */
const TELLING =
  /\b(error|fail(ed|ure)?|violations?|broken|not caught|not completed|never happened|expected|wrong)\b|✖|×/i
const HARMLESS = /\b(0|no) (errors|failed|failures|violations)\b|\b(errors|failed|wrong counts): 0\b/i
/** So begins a line of a program of this repository that is meant for this summary; what is below it, and indented, too. */
const MEANT = /^(failed: |seed \d+|never happened: |VIOLATION: |torture: )/

const [folder] = process.argv.slice(2)
const read = (name) => {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return ''
  }
}

const names = read('steps').split('\n').filter(Boolean)
const steps = names.map((name) => ({
  name,
  status: read(`${name}.status`).trim(),
  lines: linesOf(read(`${name}.log`)),
}))
const took = names.map((name) => `${name} ${secondsOf(read(`${name}.time`))}`)
const failed = steps.filter(({ status }) => status !== '0')

console.log(`ci: seconds, and the processors' seconds: ${took.join(', ')}`)
const ofTests = steps.find(({ name }) => name === 'tests')?.lines ?? []
const longest = ofTests.find((line) => line.startsWith('longest: '))
if (longest !== undefined) console.log(`ci: ${longest}`)
// What one step does not need of its share, the next ones may have.
let left = REASONS_MAX - failed.length
for (const [index, { name, status, lines }] of failed.entries()) {
  console.log(`ci: ${name} ${status === '' ? 'did not end' : `failed (${status})`}`)
  const reasons = reasonsOf(lines, Math.floor(left / (failed.length - index)))
  for (const line of reasons) console.log(`  ${line}`)
  left -= reasons.length
}
console.log(failed.length === 0 ? 'ci: passed' : `ci: failed: ${failed.map(({ name }) => name).join(', ')}`)

const isCount = (line) => /^Tests: \d+ passed, \d+ failed$/.test(line)
console.log(ofTests.findLast(isCount) ?? 'Tests: 0 passed, 0 failed')
if (failed.length > 0 || steps.length === 0) process.exitCode = 1

function secondsOf(text) {
  const [whole, user, system] = /took (\S+) s, and (\S+) \+ (\S+) s/.exec(text)?.slice(1).map(Number) ?? []
  return whole === undefined ? '?' : `${whole.toFixed(0)}/${(user + system).toFixed(0)}`
}

function linesOf(text) {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}

/** At most so many lines, in their order: those that are meant for this; else those that tell of failures, and the last. */
function reasonsOf(lines, max) {
  const meant = lines.filter((line, index) => MEANT.test(line) || isBelowMeant(lines, index))
  if (meant.length > 0) return shortened(meant, max)
  const telling = new Set(lines.filter((line) => TELLING.test(line) && !HARMLESS.test(line)))
  const last = lines.slice(-Math.min(5, max))
  const before = [...telling].filter((line) => !last.includes(line))
  return [...shortened(before, max - last.length), ...last.map(cut)]
}

function isBelowMeant(lines, index) {
  if (!/^\s/.test(lines[index])) return false
  const head = lines.slice(0, index).findLast((line) => !/^\s/.test(line))
  return head !== undefined && MEANT.test(head)
}

function shortened(lines, max) {
  if (lines.length <= max) return lines.map(cut)
  if (max < 1) return []
  return [...lines.slice(0, max - 1).map(cut), `and ${lines.length - max + 1} lines more`]
}

function cut(line) {
  return line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)} …` : line
}
