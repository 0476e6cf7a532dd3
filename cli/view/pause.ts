import { setTimeout as sleep } from 'node:timers/promises'

/** Waits, and returns whether the command is to go on. */
export async function pause(ms: number, ended: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal: ended })
    return true
  } catch {
    return false
  }
}
