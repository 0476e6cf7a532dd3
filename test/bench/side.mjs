/** A side that counts its rounds, and fails on demand. */
export async function start({ setting, index }) {
  if (setting.fails === 'at start') throw new Error('no start')
  let rounds = 0
  return {
    async round({ operations }) {
      if (setting.fails === 'in a round') throw new Error('no round')
      if (setting.fails === 'by its end') process.exit(3)
      rounds += 1
      const isNamed = process.env.NAMED === 'by the spec' ? 1 : 0
      const counts = { index, rounds, isNamed, pid: process.pid }
      return { operations, wallMs: 10 * (index + 1), latenciesMs: [index], cpuMs: 1, counts }
    },
    async stop() {},
  }
}
