// For mutation testing: unit tests first, then the suites that take longer.
const { default: Sequencer } = require('@jest/test-sequencer')

const ORDER = ['/test/protocol/', '/test/store/', '/test/functions/']
/** They count to a bound, wait for time limits, or load the AWS SDK. */
const LONG =
  /\/functions\/(aws-requests|bounds|lambda-lines|memory|metrics)\.|\/store\/requests\.|\/client\/session\/crowds\./
const rank = ({ path }) => {
  if (LONG.test(path)) return ORDER.length + 1
  const index = ORDER.findIndex((folder) => path.includes(folder))
  return index === -1 ? ORDER.length : index
}

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))
  }
}
