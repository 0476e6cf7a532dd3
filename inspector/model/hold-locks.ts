import type { Entry, LocksFact } from './entry.js'

/** The name of the row of locks on a whole session. */
export const WHOLE = '*'

/** One attribute of a session, as one access has it locked or waits for it. */
export interface LockBar {
  readonly kind: 'lock'
  /** Names it, also when more is known of it. */
  readonly id: string
  readonly use: string
  readonly epoch: number
  readonly process: string
  /** The attribute, or {@link WHOLE}. */
  readonly name: string
  readonly mode: 'write' | 'read'
  readonly label: string
  /** When the wait for it began. */
  readonly since: number
  /** Undefined where it was not locked: the access waits still, or gave up. */
  readonly from: number | undefined
  /** Undefined while it waits, or has it. */
  readonly to: number | undefined
}

/** A hold, as it is shown. */
interface Held {
  readonly process: string
  readonly epoch: number
  readonly to: number | undefined
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly now: number
}

type LocksEntry = Entry & LocksFact

/** What is known of the attribute locks of one session. Of each use the last fact counts. */
export class HoldLocks {
  private readonly byEpoch = new Map<number, Map<string, LocksEntry>>()

  add(entry: LocksEntry): void {
    const uses = this.byEpoch.get(entry.epoch) ?? new Map<string, LocksEntry>()
    this.byEpoch.set(entry.epoch, uses)
    const untold = (uses.get(entry.use)?.untold ?? 0) + (entry.untold ?? 0)
    uses.set(entry.use, untold === 0 ? entry : { ...entry, untold })
  }

  /** The locks under a hold that are in sight, and how many accesses were not told among them. */
  inSight(hold: Held, sight: Stretch): { readonly bars: readonly LockBar[]; readonly untold: number } {
    const bars: LockBar[] = []
    let untold = 0
    for (const entry of this.byEpoch.get(hold.epoch)?.values() ?? []) {
      const within = withinHold(entry, hold)
      if (entry.since > Math.min(sight.to, hold.to ?? sight.to) || (within.to ?? sight.now) < sight.from) continue
      untold += entry.untold ?? 0
      bars.push(...barsOf({ ...entry, ...within }, hold.process))
    }
    return { bars, untold }
  }

  /** The same lock, with what is known now of it and of its hold, which is one of these. */
  present(bar: LockBar, holds: readonly Held[]): LockBar | undefined {
    const entry = this.byEpoch.get(bar.epoch)?.get(bar.use)
    const hold = holds.find(({ process, epoch }) => process === bar.process && epoch === bar.epoch)
    return entry === undefined || hold === undefined ? undefined : { ...bar, ...withinHold(entry, hold) }
  }
}

interface Times {
  readonly from: number | undefined
  readonly to: number | undefined
}

/** No lock outlives its hold: a process that was killed tells of no end, and one that was frozen of a late one. */
function withinHold({ from, to }: LocksEntry, hold: Held): Times {
  if (hold.to === undefined) return { from, to }
  return { from: from !== undefined && from > hold.to ? undefined : from, to: Math.min(to ?? hold.to, hold.to) }
}

function barsOf(
  { use, epoch, label, since, from, to, all, write, read }: Omit<LocksEntry, keyof Times> & Times,
  process: string,
) {
  const bar = (name: string, mode: LockBar['mode']): LockBar => ({
    kind: 'lock',
    id: `lock ${use} ${mode} ${name}`,
    use,
    epoch,
    process,
    name,
    mode,
    label,
    since,
    from,
    to,
  })
  return [
    ...(all === undefined ? [] : [bar(WHOLE, all)]),
    ...write.map((name) => bar(name, 'write')),
    ...read.map((name) => bar(name, 'read')),
  ]
}
