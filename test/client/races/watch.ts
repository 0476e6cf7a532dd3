import { decodeValue } from '../../../client/codec/index.js'
import type { Item, Update } from '../../../protocol/dynamodb.js'
import type { SessionKey } from '../../../protocol/keys.js'
import { readSession } from '../../../protocol/state/record.js'
import { clash, type Levels } from '../attribute-locks/model.js'
import { NAMES } from './plan.js'

/** The marks in each attribute: every write adds one of its own. */
export type Lists = { readonly [name: string]: readonly string[] }

/** Somebody inside an access, under locks of one session. */
export interface Guest {
  readonly who: string
  readonly client: number
  readonly session: SessionKey
  readonly epoch: number
  readonly signal: AbortSignal
  levels: Levels
}

/** What an access has written and does not yet know to be stored. */
export interface Mark {
  readonly text: string
  readonly session: SessionKey
  readonly names: readonly string[]
}

const NO_LISTS: Lists = Object.fromEntries(NAMES.map((name) => [name, []]))

/** Looks on from outside, and notes everything that must never be. */
export class Watch {
  readonly problems: string[] = []
  private readonly guests = new Set<Guest>()
  private readonly holders = new Map<string, number>()
  private readonly released = new Set<string>()
  private readonly writing = new Map<string, number>()
  private readonly versions = new Map<SessionKey, Lists[]>()
  private readonly landed = new Map<string, readonly string[]>()

  expect(isTrue: boolean, problem: string): void {
    if (!isTrue) this.problems.push(problem)
  }

  enter(guest: Guest): void {
    const grant = `${guest.session} ${guest.epoch}`
    const holder = this.holders.get(grant) ?? guest.client
    this.holders.set(grant, holder)
    this.expect(holder === guest.client, `${guest.who} uses epoch ${guest.epoch}, which is that of process ${holder}`)
    this.guests.add(guest)
    this.look(guest)
  }

  /** To be called whenever a guest does anything, or has got more locks. */
  look(guest: Guest): void {
    if (guest.signal.aborted || !this.guests.has(guest)) return
    const { who, session, epoch } = guest
    this.expect(!this.released.has(`${session} ${epoch}`), `${who} is inside after its release was sent`)
    for (const other of this.guests) {
      if (other === guest || other.session !== session || other.signal.aborted) continue
      if (other.client !== guest.client) this.problems.push(`${who} and ${other.who} of two processes are both inside`)
      else this.expect(!clash(other.levels, guest.levels), `${who} and ${other.who} are both inside: their locks clash`)
    }
  }

  leave(guest: Guest): void {
    this.look(guest)
    this.guests.delete(guest)
  }

  /** A client has sent a message. */
  sent(text: string): void {
    const message = JSON.parse(text) as { type: string; session: SessionKey; epoch: number }
    if (message.type !== 'release') return
    const grant = `${message.session} ${message.epoch}`
    this.released.add(grant)
    this.expect((this.writing.get(grant) ?? 0) === 0, `epoch ${message.epoch} is released while a commit is under way`)
    for (const { who, session, epoch, signal } of this.guests) {
      if (`${session} ${epoch}` === grant) this.expect(signal.aborted, `epoch ${epoch} is released while ${who} runs`)
    }
  }

  /** A client has begun, or ended, a write to the primary state: 1 or -1. A claim may be given up at any time. */
  write(update: Update, change: 1 | -1): void {
    if (!(':last' in update.values)) return
    const epoch = update.values[':epoch']
    const grant = `${update.key} ${epoch !== undefined && 'N' in epoch ? epoch.N : ''}`
    this.writing.set(grant, (this.writing.get(grant) ?? 0) + change)
  }

  /** A write to the primary state has landed. */
  stored(session: SessionKey, item: Item | undefined): void {
    const before = this.now(session)
    const record = readSession(item)
    const isGone = record === undefined || record.destroyedAt !== undefined
    const after = isGone ? NO_LISTS : listsOf(record.attrs ?? {})
    this.versionsOf(session).push(after)
    if (isGone) return
    const fresh = new Map<string, string[]>()
    for (const name of NAMES) {
      const [old, young] = [before[name] ?? [], after[name] ?? []]
      this.expect(isPrefix(old, young), `${name} was ${shown(old)} and became ${shown(young)}: a write is lost`)
      for (const mark of young.slice(old.length)) fresh.set(mark, [...(fresh.get(mark) ?? []), name])
    }
    for (const [mark, names] of fresh) {
      this.expect(!this.landed.has(mark), `mark ${mark} has landed twice`)
      this.landed.set(mark, names)
    }
  }

  /** How often the session has been written so far. */
  version(session: SessionKey): number {
    return this.versionsOf(session).length - 1
  }

  acknowledged(who: string, marks: readonly Mark[]): void {
    for (const { text, names } of marks) {
      const landed = this.landed.get(text) ?? []
      this.expect(
        isSame(landed, names),
        `${who} was told that mark ${text} is in ${shown(names)}, it is in ${shown(landed)}`,
      )
    }
  }

  refused(who: string, marks: readonly Mark[]): void {
    for (const { text } of marks) {
      this.expect(!this.landed.has(text), `${who} was told that mark ${text} has no effect, but it landed`)
    }
  }

  /**
   * What an access saw must have been stored at some moment since it was begun, or be on the way there: one write may
   * bring what several accesses have added.
   */
  seen(who: string, session: SessionKey, lists: Lists, since: number, own: ReadonlySet<string>): void {
    const versions = this.versionsOf(session).slice(since)
    for (const [name, seen] of Object.entries(lists)) {
      const known = versions.map((version) => (version[name] ?? []).filter((mark) => !own.has(mark)))
      const isStored = known.some((list, i) => isPrefix(list, seen) && isPrefix(seen, known[i + 1] ?? list))
      const all = known.map(shown).join(' ')
      this.expect(
        isStored || known.some((list) => isSame(list, seen)),
        `${who} saw ${name} = ${shown(seen)}, but since it began there were only ${all}`,
      )
    }
  }

  /** What is stored now. */
  now(session: SessionKey): Lists {
    return this.versionsOf(session).at(-1) as Lists
  }

  /** Whether nobody is inside who has not lost the session. */
  get isEmpty(): boolean {
    return [...this.guests].every(({ signal }) => signal.aborted)
  }

  private versionsOf(session: SessionKey): Lists[] {
    const versions = this.versions.get(session) ?? [NO_LISTS]
    this.versions.set(session, versions)
    return versions
  }
}

/** Marks, for people. */
export const shown = (list: readonly unknown[]): string => `[${list.join(', ')}]`

export const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && isPrefix(one, other)

const isPrefix = (list: readonly string[], longer: readonly string[]): boolean =>
  list.every((mark, i) => longer[i] === mark)

const listsOf = (attrs: { readonly [name: string]: Parameters<typeof decodeValue>[0] }): Lists => ({
  ...NO_LISTS,
  ...Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, decodeValue(value) as string[]])),
})
