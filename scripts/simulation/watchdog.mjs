import { existsSync, readFileSync } from 'node:fs'

/** The processor's time for one seed: a run of 200 servers needs some seconds. */
export const SEED_MS_MAX = 60_000
const LOOK_EVERY_MS = 500
const TICK_MS = 10
const SHOWS_TIMES = existsSync('/proc/self/stat')

/**
 * Kills a process that has been at one seed for too long, be it in a synchronous loop: only another process can do that.
 * Call `begins` with each seed that it begins, and `end` when it has ended.
 */
export function watchdog(child, { seedMsMax }) {
  let seed
  let startMs = 0
  let isHung = false
  const timer = setInterval(() => {
    if (seed === undefined || usedMs(child.pid) - startMs <= seedMsMax) return
    isHung = true
    child.kill('SIGKILL')
  }, LOOK_EVERY_MS)
  return {
    begins(next) {
      seed = next
      startMs = usedMs(child.pid)
    },
    /** The last seed that was begun, and whether it was ended here. */
    end() {
      clearInterval(timer)
      return { seed, isHung }
    },
  }
}

/** Who loops uses the processor: on a busy machine its time tells more than a clock, where the system shows it. */
function usedMs(pid) {
  if (!SHOWS_TIMES) return performance.now()
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ').slice(11, 13)
    return TICK_MS * (Number(user) + Number(system))
  } catch {
    // It has just ended.
    return 0
  }
}
