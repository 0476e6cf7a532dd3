import type { StateFact } from '../../inspector/model/entry.js'
import { shownSession } from '../../local/inspector/facts.js'
import type { Item } from '../../protocol/dynamodb.js'
import type { SessionKey } from '../../protocol/keys.js'
import { keyOf } from '../../protocol/record-fields.js'
import { readableSession, type SessionRecord } from '../../protocol/state/record.js'

/** What the records of held sessions tell from one look to the next. They are read in turns. */
export class StateWatcher {
  private known = new Map<SessionKey, SessionRecord>()
  private turn = 0

  /** The sessions whose turn it is. Those that are no longer held are forgotten. */
  next(held: readonly SessionKey[], max: number): readonly SessionKey[] {
    const isHeld = new Set(held)
    this.known = new Map([...this.known].filter(([key]) => isHeld.has(key)))
    const start = held.length <= max ? 0 : this.turn % held.length
    this.turn = start + max
    return [...held.slice(start), ...held.slice(0, start)].slice(0, max)
  }

  changes(items: readonly Item[]): readonly StateFact[] {
    return items.flatMap((item) => {
      const key = keyOf(item)
      const [session, record] = [shownSession(key), readableSession(item)]
      if (session === undefined || record === undefined) return []
      const before = this.known.get(key)
      this.known.set(key, record)
      const fact = factOf(session, record, before)
      return before !== undefined && JSON.stringify(before) === JSON.stringify(record) ? [] : [fact]
    })
  }
}

function factOf(session: string, record: SessionRecord, before: SessionRecord | undefined): StateFact {
  const { fence: epoch, rev, isUnborn, destroyedAt } = record
  const isOver = isUnborn || destroyedAt !== undefined
  const wasAlive = before !== undefined && !before.isUnborn && before.destroyedAt === undefined
  const commits = before === undefined || isUnborn ? 0 : Math.max(0, rev - before.rev)
  return {
    kind: 'state',
    session,
    operation: destroyedAt !== undefined && !isUnborn && wasAlive ? 'destroy' : 'record',
    epoch,
    outcome: 'ok',
    aliveUntil: isOver ? 0 : record.aliveUntil,
    ...(commits > 0 && !isOver ? { commits } : {}),
  }
}
