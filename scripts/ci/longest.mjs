import { relative } from 'node:path'

const FILES = 12
/** Of fewer files, everybody sees how long they took. */
const FILES_MIN = 100

/** The test files of Jest's results that took longest, in one line: where to begin, to make the tests shorter. */
export function longestOf({ testResults = [] }, root) {
  if (testResults.length < FILES_MIN) return undefined
  const files = testResults.map(({ name, startTime, endTime }) => [relative(root, name), (endTime - startTime) / 1_000])
  const sum = files.reduce((total, [, seconds]) => total + seconds, 0)
  const longest = files.toSorted(([, a], [, b]) => b - a).slice(0, FILES)
  const list = longest.map(([file, seconds]) => `${file} ${seconds.toFixed(0)}`).join(', ')
  return `longest: of ${sum.toFixed(0)} s in ${files.length} files: ${list}`
}
