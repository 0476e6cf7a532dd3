import { CHECKS } from './checks.js'

/** Runs small storms by seeds, for planted bugs, and prints what is wrong as test/simulation/main.ts does. */
const [, first = 1, count = 1] = process.argv
  .slice(2)
  .filter((text) => !text.startsWith('--'))
  .map(Number)
for (let seed = first; seed < first + count; seed += 1) {
  console.log(JSON.stringify({ begins: seed }))
  const violations = CHECKS.flatMap((check) => check(seed))
  if (violations.length === 0) continue
  console.log(JSON.stringify({ seed, hash: '', violations }))
  break
}
