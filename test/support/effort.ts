/**
 * How many times the usual number of random runs, rounds and users a test makes. What CI does in seconds takes minutes
 * with `EFFORT=10`: see docs/internals/testing.md.
 */
const EFFORT = effortOf(process.env.EFFORT)

/** So many for each unit of effort, a whole number. */
export const timesEffort = (usual: number): number => Math.max(1, Math.ceil(usual * EFFORT))

function effortOf(text = '1'): number {
  const effort = Number(text)
  if (!(effort > 0 && effort <= 1_000)) throw new Error(`EFFORT must be above 0 and at most 1000, received '${text}'`)
  return effort
}
