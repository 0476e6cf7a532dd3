import type { SessionKey } from '../../protocol/keys.js'
import type { ProcessRecord } from '../../protocol/process/record.js'
import type { Lock, Records } from '../stack/records.js'

/** The process of a place at a lock, as `--json` shows it. Times are milliseconds since 1970. */
export interface PlaceView {
  readonly process: string
  readonly label: string | null
  /** Null where the process has no record any more. Not above 0 where its lease is over. */
  readonly leaseLeftMs: number | null
}

export interface LockView {
  /** Its hashed key, whole. */
  readonly session: SessionKey
  readonly state: 'free' | 'held' | 'contended'
  readonly epoch: number
  readonly holder: PlaceView | null
  readonly waiting: number
  /** Exact to a second: the record has no better time of the grant. At least as long as somebody has asked for it. */
  readonly heldMs: number | null
  readonly askedAt: number | null
  readonly busyUntil: number | null
}

export interface ProcessView {
  readonly process: string
  readonly label: string
  readonly principal: string
  readonly leaseLeftMs: number
  readonly evictedAt: number | null
  readonly holds: number
  readonly waits: number
}

export const placeView = (processId: string, record: ProcessRecord | undefined, nowMs: number): PlaceView => ({
  process: processId,
  label: record?.label ?? null,
  leaseLeftMs: record === undefined ? null : record.leaseUntil - nowMs,
})

export function lockView(
  session: SessionKey,
  lock: Lock,
  processes: ReadonlyMap<string, ProcessRecord>,
  nowMs: number,
): LockView {
  const { holder, waiters, epoch, since, askedAt, busyUntil } = lock
  return {
    session,
    state: holder === undefined ? 'free' : waiters.length === 0 ? 'held' : 'contended',
    epoch,
    holder: holder === undefined ? null : placeView(holder.p, processes.get(holder.p), nowMs),
    waiting: waiters.length,
    heldMs: holder === undefined ? null : Math.max(0, nowMs - Math.min(since, askedAt ?? since)),
    askedAt: askedAt ?? null,
    busyUntil: busyUntil ?? null,
  }
}

/** The locks of these namespaces, the most contended first, then those that are held for longest. */
export function lockViews({ locks, processes }: Records, nowMs: number, namespace?: string): LockView[] {
  const all = [...locks].map(([session, lock]) => lockView(session, lock, processes, nowMs))
  const wanted = namespace === undefined ? all : all.filter(({ session }) => session.startsWith(`${namespace}#`))
  return wanted.toSorted((a, b) => b.waiting - a.waiting || (b.heldMs ?? -1) - (a.heldMs ?? -1))
}

/** The processes, those with the most sessions first. */
export function processViews({ locks, processes }: Records, nowMs: number): ProcessView[] {
  const [holds, waits] = [new Map<string, number>(), new Map<string, number>()]
  const add = (counts: Map<string, number>, id: string) => counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const { holder, waiters } of locks.values()) {
    if (holder !== undefined) add(holds, holder.p)
    for (const { p } of waiters) add(waits, p)
  }
  const views = [...processes].map(([process, { label, principal, leaseUntil, evictedAt }]) => ({
    process,
    label,
    principal,
    leaseLeftMs: leaseUntil - nowMs,
    evictedAt: evictedAt ?? null,
    holds: holds.get(process) ?? 0,
    waits: waits.get(process) ?? 0,
  }))
  return views.toSorted((a, b) => b.holds + b.waits - a.holds - a.waits || b.leaseLeftMs - a.leaseLeftMs)
}
