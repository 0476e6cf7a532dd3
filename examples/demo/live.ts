import type { ServerProcess } from '../shop/processes.js'
import type { Load } from './load.js'

const LIVE_PERIOD_MS = 1_000

/** Shows which server holds how many sessions while the load runs: one line that is written over, or one a second. */
export function showLive(servers: readonly ServerProcess[], load: Load): () => void {
  const startedAt = performance.now()
  const { isTTY } = process.stdout
  let isOver = false
  const show = async () => {
    const standings = await Promise.all(servers.map((server) => server.standing()))
    if (isOver) return
    const held = servers.map(({ name }, index) => `${name} holds ${standings[index]?.held ?? 0}`)
    const waiting = standings.reduce((sum, standing) => sum + standing.waiting, 0)
    const grants = standings.reduce((sum, standing) => sum + standing.grants, 0)
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    const figures = grants === 0 ? [] : [...held, `${waiting} waited for`, `${grants} grants`]
    const line = `  ${seconds} s: ${[`${load.made} requests`, ...figures].join(', ')}`
    process.stdout.write(isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  }
  const timer = setInterval(() => void show(), LIVE_PERIOD_MS)
  return () => {
    isOver = true
    clearInterval(timer)
    if (isTTY) process.stdout.write('\n')
  }
}
