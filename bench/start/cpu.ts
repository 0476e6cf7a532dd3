/** What a piece of work takes of this process: time, and CPU time of all its threads. */
export async function taken(work: () => Promise<unknown>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  await work()
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  return { ms, cpuMs: (user + system) / 1_000 }
}
