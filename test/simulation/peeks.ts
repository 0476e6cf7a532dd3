import type { SessionKey } from '../../protocol/keys.js'
import type { ListName } from './attributes.js'
import type { Judge } from './judge.js'
import { stoodAt } from './landing.js'
import { CLOCKS_OFF_MAX_MS, type SessionNow, type SessionsWatch } from './sessions-watch.js'

interface Peeked {
  readonly rev: number
  readonly lists: readonly { readonly list: ListName; readonly tokens: readonly string[] }[]
}

/** A peek gives the state that was committed at one moment between its call and its answer. */
export class Peeks {
  constructor(
    private readonly judge: Judge,
    private readonly sessions: SessionsWatch,
  ) {}

  begin(session: SessionKey): SessionNow {
    return this.sessions.now(session)
  }

  end(session: SessionKey, before: SessionNow, found: Peeked | undefined): void {
    const { judge } = this
    const after = this.sessions.now(session)
    judge.note(`peeked ${session} ${found?.rev}`)
    // What was there before the restoration, and what came of it, may both be seen.
    if (before.restorations !== after.restorations) return judge.leaveOut('reads')
    const isOneLife = before.life === after.life
    if (found === undefined) {
      const leftMs = before.aliveUntilMs - judge.wallMs()
      if (isOneLife && before.isThere && after.isThere && leftMs > CLOCKS_OFF_MAX_MS)
        judge.violate('4', 'a peek missed a session that lives')
      return
    }
    if (isOneLife && before.wallMs - after.aliveUntilMs > CLOCKS_OFF_MAX_MS)
      judge.violate('7', 'a peek gave a session whose life is over')
    if (isOneLife && !before.isThere && !after.isThere) judge.violate('15', 'a peek found a session that is destroyed')
    if (found.rev < before.rev || found.rev > after.rev) {
      judge.violate('4', `a peek gave the revision ${found.rev}, between ${before.rev} and ${after.rev}`)
    }
    for (const { list, tokens } of found.lists) {
      const landings = tokens.map((token) => this.sessions.landingOf(token))
      const isCommitted = isOneLife
        ? landings.every((landing, index) => stoodAt(landing, session, before.life, index))
        : landings.every((landing) => landing !== undefined)
      if (!isCommitted) judge.violate('4', 'a peek gave what was never committed, or is elsewhere')
      if (isOneLife && before.isThere && tokens.length < before.lengths[list])
        judge.violate('4', 'a peek missed what was committed before it was called')
    }
  }
}
