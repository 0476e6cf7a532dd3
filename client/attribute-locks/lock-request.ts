import { InvalidArgumentError } from '../errors/index.js'
import { shownKey } from '../errors/shown-key.js'
import { LOCK_ATTRIBUTES_MAX } from '../limits.js'
import { checkAttributeName } from '../options/attribute-name.js'
import { kindOf } from '../options/check.js'

/** How an attribute is locked: shared locks go together, an exclusive one excludes all others. */
export type LockMode = 'shared' | 'exclusive'

/**
 * The locks that an access asks for, all of them or none. `write` locks exclusively, `read` shares; an attribute
 * named in both is written. `'all'`, like `{ all: 'write' }`, takes the whole session for itself, `{ all: 'read' }`
 * shares the whole session; both include attributes that do not exist yet. `{ all: 'read', write: [...] }` reads
 * everything and writes those.
 */
export type LockSpec<A extends string = string> =
  | { readonly all: 'write'; readonly write?: never; readonly read?: never }
  | { readonly all: 'read'; readonly write?: readonly A[]; readonly read?: never }
  | 'all'
  | { readonly write?: readonly A[]; readonly read?: readonly A[]; readonly all?: never }

/**
 * A lock specification in its one normal form. Names are sorted by UTF-16 code unit, without duplicates, and none is
 * listed that `whole` or a stronger lock includes already.
 */
export interface LockRequest {
  readonly whole: LockMode | undefined
  /** Locked exclusively. */
  readonly writes: readonly string[]
  /** Shared. */
  readonly reads: readonly string[]
}

const NO_NAMES: readonly string[] = []
// Every request is made by one class, so that all of them have one shape to the engine.
class NormalRequest implements LockRequest {
  constructor(
    readonly whole: LockMode | undefined,
    readonly writes: readonly string[],
    readonly reads: readonly string[],
  ) {}
}
const make = (whole: LockMode | undefined, writes: readonly string[], reads: readonly string[]): LockRequest =>
  new NormalRequest(whole, writes, reads)
const WHOLE_EXCLUSIVE = make('exclusive', NO_NAMES, NO_NAMES)
const WHOLE_SHARED = make('shared', NO_NAMES, NO_NAMES)

/** The normal form of a specification, which may come from plain JavaScript: it is checked in full. */
export function compileLockRequest(spec: unknown): LockRequest {
  if (spec === 'all') return WHOLE_EXCLUSIVE
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw new InvalidArgumentError(
      `locks must be 'all' or an object such as { write: ['cart'] }, received ${kindOf(spec)}`,
    )
  }
  for (const key in spec) {
    if (key !== 'write' && key !== 'read' && key !== 'all' && Object.hasOwn(spec, key)) {
      throw new InvalidArgumentError(
        `locks may have 'write', 'read' and 'all', received the unknown key ${shownKey(key)}`,
      )
    }
  }
  const { all, write, read } = spec as { readonly all?: unknown; readonly write?: unknown; readonly read?: unknown }
  if (all !== undefined) return compileWhole(all, write, read)
  const writes = compileNames(write, 'write')
  const reads = without(compileNames(read, 'read'), writes)
  if (writes.length + reads.length === 0) {
    throw new InvalidArgumentError("locks must name at least one attribute in 'write' or 'read', received none")
  }
  if (writes.length + reads.length > LOCK_ATTRIBUTES_MAX) throw tooMany(writes.length + reads.length)
  return make(undefined, writes, reads)
}

function compileWhole(all: unknown, write: unknown, read: unknown): LockRequest {
  if (all !== 'read' && all !== 'write') {
    throw new InvalidArgumentError(`'all' must be 'read' or 'write', received ${kindOf(all)}`)
  }
  if (read !== undefined) throw new InvalidArgumentError(`'all: ${all}' includes every read: leave 'read' out`)
  if (all === 'read') {
    const writes = compileNames(write, 'write')
    return writes.length === 0 ? WHOLE_SHARED : make('shared', writes, NO_NAMES)
  }
  if (write !== undefined) throw new InvalidArgumentError("'all: write' includes every write: leave 'write' out")
  return WHOLE_EXCLUSIVE
}

function compileNames(names: unknown, key: 'write' | 'read'): readonly string[] {
  if (names === undefined) return NO_NAMES
  if (!Array.isArray(names)) {
    throw new InvalidArgumentError(`'${key}' must be an array of attribute names, received ${kindOf(names)}`)
  }
  if (names.length > LOCK_ATTRIBUTES_MAX) throw tooMany(names.length)
  const copy: unknown[] = names.slice()
  for (const name of copy) checkAttributeName(name)
  return copy.length > 1 ? sortNames(copy as string[]) : (copy as string[])
}

/** Sorts and drops duplicates, in place. */
function sortNames(names: string[]): readonly string[] {
  names.sort()
  let kept = 0
  for (const name of names) if (kept === 0 || names[kept - 1] !== name) names[kept++] = name
  names.length = kept
  return names
}

/** Whether the request names nothing: never a compiled one, but {@link lacking} may leave nothing. */
export const isEmpty = ({ whole, writes, reads }: LockRequest): boolean =>
  whole === undefined && writes.length === 0 && reads.length === 0

/** Whether the request allows that use of the attribute. */
export const permits = (request: LockRequest, name: string, mode: LockMode): boolean =>
  request.whole === 'exclusive' ||
  includes(request.writes, name) ||
  (mode === 'shared' && (request.whole === 'shared' || includes(request.reads, name)))

/** Whether `held` allows everything that `wanted` does. */
export const covers = (held: LockRequest, wanted: LockRequest): boolean =>
  held.whole === 'exclusive' ||
  ((wanted.whole === undefined || wanted.whole === held.whole) &&
    wanted.writes.every((name) => permits(held, name, 'exclusive')) &&
    wanted.reads.every((name) => permits(held, name, 'shared')))

/** The request that allows what either does. */
export function merge(a: LockRequest, b: LockRequest): LockRequest {
  if (covers(a, b)) return a
  if (covers(b, a)) return b
  const whole = a.whole ?? b.whole
  const writes = sortNames([...a.writes, ...b.writes])
  return make(whole, writes, whole === undefined ? without(sortNames([...a.reads, ...b.reads]), writes) : NO_NAMES)
}

/** The part of `wanted` that `held` does not cover. It names nothing where `held` covers all. */
export const lacking = (held: LockRequest, wanted: LockRequest): LockRequest =>
  make(
    wanted.whole === held.whole || held.whole === 'exclusive' ? undefined : wanted.whole,
    wanted.writes.filter((name) => !permits(held, name, 'exclusive')),
    wanted.reads.filter((name) => !permits(held, name, 'shared')),
  )

const without = (names: readonly string[], removed: readonly string[]): readonly string[] =>
  names.length === 0 || removed.length === 0 ? names : names.filter((name) => !includes(removed, name))

/** Binary search where it pays: most requests name one attribute or two. */
function includes(sorted: readonly string[], name: string): boolean {
  if (sorted.length <= 8) return sorted.includes(name)
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < name) low = middle + 1
    else high = middle
  }
  return sorted[low] === name
}

const tooMany = (count: number): InvalidArgumentError =>
  new InvalidArgumentError(`one request may lock ${LOCK_ATTRIBUTES_MAX} attributes, received ${count}: lock 'all'`)
