import { randomBytes } from 'node:crypto'
import type { LockedNames, LocksMessage } from '../../../client/events.js'
import {
  LOCK_ACCESSES_OPEN_MAX,
  LOCK_ACCESSES_PER_SECOND_MAX,
  LOCK_NAME_CHARS_MAX,
  LOCK_NAMES_MAX,
  LOCK_PARTS_MAX,
  LOCKS_PENDING_MAX,
} from '../../../inspector/limits.js'
import type { LocksFact } from '../../../inspector/model/entry.js'
import { clockOrigin } from '../clock.js'
import { shownSession } from '../facts.js'

const SECOND_MS = 1_000

/** Locks that an access has got together, or waits for. Times are as `performance.now()`. */
interface Part {
  readonly use: string
  readonly names: LockedNames
  readonly since: number
  from: number | undefined
  to: number | undefined
}

/**
 * Makes facts of what the clients of this process say of their attribute locks. Of each use of locks the last fact is
 * kept until it is taken: what begins and ends meanwhile is one fact. No more accesses are told than the bounds allow.
 */
export class LockUses {
  private readonly sender = randomBytes(6).toString('base64url')
  private readonly open = new Map<string, Part[]>()
  private pending = new Map<string, LocksFact>()
  private lastUse = 0
  private untold = 0
  private secondBeganMs = Number.NEGATIVE_INFINITY
  private begunInSecond = 0

  get isEmpty(): boolean {
    return this.pending.size === 0
  }

  hear(message: LocksMessage): void {
    const { session, epoch, access, has, waitsFor } = message
    const shown = shownSession(session)
    if (shown === undefined) return
    const key = `${session} ${epoch} ${access}`
    const isOver = has === undefined && waitsFor === undefined
    const parts = this.open.get(key) ?? (isOver ? undefined : this.begin(key, message.atMs))
    if (parts === undefined) return
    for (const part of changed(parts, message, () => this.nextUse())) {
      this.pending.set(part.use, factOf(part, shown, epoch, message.label))
    }
    if (isOver) this.open.delete(key)
  }

  /** The oldest facts that nobody has taken yet. */
  take(max: number): LocksFact[] {
    const taken = [...this.pending.values()].slice(0, max)
    for (const { use } of taken) this.pending.delete(use)
    const last = taken.pop()
    if (last === undefined) return []
    const { untold } = this
    this.untold = 0
    return [...taken, untold === 0 ? last : { ...last, untold }]
  }

  /** They were not told after all. What has been said of the same locks since then stays. */
  putBack(facts: readonly LocksFact[]): void {
    const newer = this.pending
    this.pending = new Map(
      facts.map(({ untold = 0, ...fact }) => {
        this.untold += untold
        return [fact.use, fact]
      }),
    )
    for (const [use, fact] of newer) this.pending.set(use, fact)
  }

  private begin(key: string, nowMs: number): Part[] | undefined {
    if (nowMs - this.secondBeganMs >= SECOND_MS) {
      this.secondBeganMs = nowMs
      this.begunInSecond = 0
    }
    const isFull =
      this.begunInSecond >= LOCK_ACCESSES_PER_SECOND_MAX ||
      this.open.size >= LOCK_ACCESSES_OPEN_MAX ||
      this.pending.size >= LOCKS_PENDING_MAX
    if (isFull) {
      // It may be told from its next message on.
      this.untold += 1
      return undefined
    }
    this.begunInSecond += 1
    const parts: Part[] = []
    this.open.set(key, parts)
    return parts
  }

  private nextUse(): string {
    this.lastUse += 1
    return `${this.sender}${this.lastUse}`
  }
}

/** Brings the parts of an access to what it says now. Returns those that are others. */
function changed(parts: Part[], message: LocksMessage, nextUse: () => string): readonly Part[] {
  const { has, waitsFor, sinceMs, atMs } = message
  const touched = new Set<Part>()
  const add = (names: LockedNames, since: number, from: number | undefined) => {
    if (isNothing(names) || parts.length >= LOCK_PARTS_MAX) return
    const part: Part = { use: nextUse(), names, since, from, to: undefined }
    parts.push(part)
    touched.add(part)
  }
  const end = (part: Part) => {
    if (part.to !== undefined) return
    part.to = atMs
    touched.add(part)
  }
  const isFirst = parts.length === 0
  if (waitsFor === undefined) {
    for (const part of parts.filter(({ from, to }) => from === undefined && to === undefined)) {
      if (has === undefined || !isNothing(without(part.names, [has]))) end(part)
      else {
        part.from = atMs
        touched.add(part)
      }
    }
  }
  if (has === undefined) for (const part of parts) if (part.from !== undefined) end(part)
  if (has !== undefined) {
    const held = parts.filter(({ from, to }) => from !== undefined && to === undefined)
    add(
      without(
        has,
        held.map(({ names }) => names),
      ),
      isFirst && waitsFor === undefined ? sinceMs : atMs,
      atMs,
    )
  }
  if (waitsFor !== undefined) add(waitsFor, sinceMs, undefined)
  return [...touched]
}

/** The part of `names` that is in none of the others. */
function without(names: LockedNames, others: readonly LockedNames[]): LockedNames {
  const [writes, reads] = [new Set<string>(), new Set<string>()]
  let all: LockedNames['all']
  for (const other of others) {
    for (const name of other.write) writes.add(name)
    for (const name of other.read) reads.add(name)
    if (all !== 'write') all = other.all ?? all
  }
  if (all === 'write') return { all: undefined, write: [], read: [] }
  return {
    all: names.all === all ? undefined : names.all,
    write: names.write.filter((name) => !writes.has(name)),
    read: all === 'read' ? [] : names.read.filter((name) => !reads.has(name) && !writes.has(name)),
  }
}

const isNothing = ({ all, write, read }: LockedNames): boolean => all === undefined && write.length + read.length === 0

/** Of another process of this machine: the clock of the stack begins elsewhere. */
const atStack = (ms: number): number => clockOrigin() + ms

function factOf({ use, names, since, from, to }: Part, session: string, epoch: number, label: string): LocksFact {
  const write = names.write.slice(0, LOCK_NAMES_MAX)
  const read = names.read.slice(0, LOCK_NAMES_MAX - write.length)
  const more = names.write.length + names.read.length - write.length - read.length
  return {
    kind: 'locks',
    session,
    epoch,
    use,
    label: shortened(label),
    ...(names.all === undefined ? {} : { all: names.all }),
    write: write.map(shortened),
    read: read.map(shortened),
    ...(more === 0 ? {} : { more }),
    since: atStack(since),
    ...(from === undefined ? {} : { from: atStack(from) }),
    ...(to === undefined ? {} : { to: atStack(to) }),
  }
}

const shortened = (text: string): string =>
  text.length <= LOCK_NAME_CHARS_MAX ? text : `${text.slice(0, LOCK_NAME_CHARS_MAX - 1)}…`
