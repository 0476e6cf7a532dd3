// For mutation testing: unit tests of the protocol first, then the suites that take longer.
const { default: Sequencer } = require('@jest/test-sequencer')

const ORDER = ['/test/protocol/', '/test/store/', '/test/functions/']
const rank = ({ path }) => {
  const index = ORDER.findIndex((folder) => path.includes(folder))
  return index === -1 ? ORDER.length : index
}

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))
  }
}
