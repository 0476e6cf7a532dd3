import { STATE_REQUEST_TIMEOUT_MS, STATE_RETRY_MAX_MS, STATE_TRIES_MAX } from '../../client/limits.js'
import type { Caller } from './caller.js'
import type { FixedLives } from './sessions-watch.js'

/** The changes of a use may be under way for so long after it. The session is in use until they are written. */
export const UNDER_WAY_MAX_MS = STATE_TRIES_MAX * (STATE_REQUEST_TIMEOUT_MS + STATE_RETRY_MAX_MS)

/**
 * Which sessions each server uses. A rolling life does not end while the session is in use, and lasts for its lifetime
 * after that.
 */
export class Uses {
  private readonly uses = new Map<string, { running: number; untilMs: number }>()

  constructor(private readonly lifetimes: number | FixedLives) {}

  /** Returns a function that ends this use. */
  begin({ name, machine }: Caller, session: string): () => void {
    const use = this.useOf(name, session)
    use.running += 1
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      use.running -= 1
      use.untilMs = machine.wallMs() + Math.max(Number(this.lifetimes), UNDER_WAY_MAX_MS)
    }
  }

  /** Until when the server's uses keep the session alive, whatever its record says. */
  untilMs({ name }: Caller, session: string): number {
    // A fixed life ends whatever is under way.
    if (typeof this.lifetimes !== 'number') return 0
    const { running, untilMs } = this.useOf(name, session)
    return running > 0 ? Number.POSITIVE_INFINITY : untilMs
  }

  private useOf(server: string, session: string): { running: number; untilMs: number } {
    const key = `${server} ${session}`
    const use = this.uses.get(key) ?? { running: 0, untilMs: 0 }
    this.uses.set(key, use)
    return use
  }
}
