import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { decodeValue, encodeValue, equalEncoded } from '../../codec/index.js'
import { InvalidArgumentError, InvalidValueError } from '../../errors/index.js'
import { checkAttributeName } from '../../options/attribute-name.js'
import { kindOf } from '../../options/check.js'
import type { Values } from './client.js'

/** How a request's values are stored: as JSON has them, or exactly as they are. */
export type ValueKind = 'json' | 'exact'

/** Attributes in the form in which values are compared: the order of keys does not count. */
export type Encoded = ReadonlyMap<string, AttributeValue>

export const NO_VALUES: Encoded = new Map()

/** What a request changed. */
export interface ValueChanges {
  readonly set: Encoded
  readonly deleted: readonly string[]
  /** The values with these changes, as {@link Snapshot.seen}. */
  readonly seen: Encoded
}

/** The attributes of a session at one time. */
export interface Snapshot {
  /** As they are stored: tells whether another request has changed one. */
  readonly stored: Encoded
  /** As the request sees them: tells whether it has changed one. */
  readonly seen: Encoded
}

/** What becomes of a request's values in the store, and back. */
export class ValueRules {
  constructor(
    private readonly kind: ValueKind,
    private readonly isReserved: (name: string) => boolean,
  ) {}

  /** The attributes of a session's state as they are now. */
  snapshot(state: object): Snapshot {
    const entries = this.named(state as Values)
    const stored = encodedAll(entries)
    if (this.kind === 'exact') return { stored, seen: stored }
    return { stored, seen: encodedAll(Object.entries(asJson(Object.fromEntries(entries)))) }
  }

  /** The same as stored only. */
  stored(state: object): Encoded {
    return encodedAll(this.named(state as Values))
  }

  /** A request's own copy of what it sees. */
  copy(seen: Encoded): Values {
    return Object.fromEntries(Array.from(seen, ([name, encoded]) => [name, decodeValue(encoded)]))
  }

  /**
   * A request's values as they are now, to be saved.
   *
   * @throws {InvalidValueError} where one cannot be stored, {@link InvalidArgumentError} for a name that no attribute can
   * have. Nothing has happened.
   */
  encoded(values: Values): Encoded {
    return encodedAll(this.named(this.kind === 'json' ? asJson(values) : values))
  }

  /** The entries whose names a request can have. */
  private named(values: Values): (readonly [string, unknown])[] {
    return Object.entries(values).filter(([name]) => !this.isDropped(name))
  }

  /** A value under such a name would hide a member of the request's session object. */
  private isDropped(name: string): boolean {
    return name in Object.prototype || this.isReserved(name)
  }
}

/** What these values change. Undefined where they are the same. */
export function changesOf(before: Encoded, seen: Encoded): ValueChanges | undefined {
  const set = new Map([...seen].filter(([name, encoded]) => !isSame(before.get(name), encoded)))
  const deleted = [...before.keys()].filter((name) => !seen.has(name))
  return set.size === 0 && deleted.length === 0 ? undefined : { set, deleted, seen }
}

export const isSame = (a: AttributeValue | undefined, b: AttributeValue | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalEncoded(a, b)

function encodedAll(entries: readonly (readonly [string, unknown])[]): Encoded {
  return new Map(
    entries.map(([name, value]) => {
      checkAttributeName(name)
      return [name, encodeValue(value, name)]
    }),
  )
}

/** The values as `JSON.parse(JSON.stringify(values))` gives them. */
function asJson(values: Values): Values {
  const json = jsonOf(values)
  const parsed: unknown = json === undefined ? undefined : JSON.parse(json)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Values
  throw new InvalidArgumentError(`the values of a session must be an object in JSON, received ${kindOf(parsed)}`)
}

function jsonOf(values: Values): string | undefined {
  try {
    return JSON.stringify(values)
  } catch {
    // JSON's own error may show keys, which may be data.
    throw new InvalidValueError(
      Object.keys(values).find((name) => !isJson(values[name])) ?? 'session',
      "JSON cannot represent it: it contains a bigint, refers to itself, or its toJSON() failed. Change it, or set values to 'exact'",
    )
  }
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
