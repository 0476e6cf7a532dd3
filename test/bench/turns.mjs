// Lets sides take turns, and prints what they did as JSON.
import { takeTurns } from '../../dist/esm/bench/frame/rounds.js'

const module = new URL('side.mjs', import.meta.url)
const spec = (label, rest = {}) => ({ label, module, setting: { step: 1 }, ...rest })
const order = []

const run = (specs) =>
  takeTurns(specs, {
    node: process.execPath,
    rounds: 3,
    warmUpRounds: 1,
    length: ({ setting }) => ({ operations: setting.step * 10 }),
    beforeRound: async ({ label }) => void order.push(label),
  })

const sides = await run([
  spec('two', { processes: 2, env: { NAMED: 'by the spec' } }),
  spec('big', { setting: { step: 5 } }),
])
const problems = []
for (const setting of [{ fails: 'at start' }, { fails: 'in a round' }, { fails: 'by its end' }]) {
  problems.push(await run([spec('failing', { setting })]).then(String, ({ message }) => message.split('\n')[0]))
}
console.log(JSON.stringify({ parent: process.pid, order, sides, problems }))
