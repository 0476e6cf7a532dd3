import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

/** The lines of a message that are told: what was expected, what was received. */
const MESSAGE_LINES_MAX = 4

/** Of each test that failed in Jest's results, and of a file that failed outside of its tests: what, why, and where. */
export function failuresOf({ testResults = [] }, root) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name)
    const tests = assertionResults.filter((test) => test.status === 'failed')
    if (tests.length === 0) return status === 'failed' ? [`failed: ${file}\n  ${beginOf(message, file)}`] : []
    return tests.map(
      ({ fullName, failureMessages }) => `failed: ${file}: ${fullName}\n  ${beginOf(failureMessages.join('\n'), file)}`,
    )
  })
}

function beginOf(message, file) {
  const lines = stripVTControlCharacters(message ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const isPlace = (line) => line.startsWith('at ')
  const place = lines.filter(isPlace).find((line) => line.includes(file))
  const line = /:(\d+):\d+\)?$/.exec(place ?? '')?.[1]
  const told = lines.filter((each) => !isPlace(each)).slice(0, MESSAGE_LINES_MAX)
  return [...told, ...(line === undefined ? [] : [`line ${line}`])].join(' | ')
}
