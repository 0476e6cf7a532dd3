import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import type { Cursor } from './tokens.js'
import { invalid } from './validation.js'
import { fieldOf } from './values.js'

/** A document path: names, placeholders of names (with their #) and list indices. */
export type Path = readonly [string, ...(string | number)[]]
export type Names = { readonly [placeholder: string]: string }

const INDEX_MAX = 2 ** 31 - 1
const HASH = '#'.charCodeAt(0)

const isPlaceholder = (part: string): boolean => part.charCodeAt(0) === HASH

/** The attribute name that a part of a path means. Placeholders have been checked to be defined. */
export const nameOf = (part: string, names: Names | undefined): string =>
  isPlaceholder(part) ? (names?.[part] as string) : part

export const isFixed = (path: Path): boolean => !path.some((part) => typeof part === 'string' && isPlaceholder(part))

/** Reads a path; `used` collects its placeholders. */
export function parsePath(cursor: Cursor, used: Set<string>): Path {
  const path: [string, ...(string | number)[]] = [parseName(cursor, used)]
  for (;;) {
    if (cursor.accept('symbol', '.')) path.push(parseName(cursor, used))
    else if (cursor.accept('symbol', '[')) {
      const index = Number(cursor.expect('index'))
      if (index > INDEX_MAX) invalid(`List index is not within the allowable range; index: [${index}]`)
      path.push(index)
      cursor.expect('symbol', ']')
    } else return path
  }
}

function parseName(cursor: Cursor, used: Set<string>): string {
  if (cursor.is('name')) return cursor.next().text
  const placeholder = cursor.expect('nameHolder')
  used.add(placeholder)
  return placeholder
}

/** The value at the path, if there is one. */
export function lookUp(item: Item, path: Path, names: Names | undefined): AttributeValue | undefined {
  let found = fieldOf(item, nameOf(path[0], names))
  for (let depth = 1; depth < path.length && found !== undefined; depth += 1) {
    found = stepInto(found, path[depth] as string | number, names)
  }
  return found
}

function stepInto(value: AttributeValue, part: string | number, names: Names | undefined): AttributeValue | undefined {
  if (typeof part === 'number') return 'L' in value ? value.L[part] : undefined
  return 'M' in value ? fieldOf(value.M, nameOf(part, names)) : undefined
}

/** `inside`: one path is the other or leads into it. `conflict`: one sees a list where the other sees a map. */
export type Relation = 'apart' | 'inside' | 'same' | 'conflict'

export function relate(a: Path, b: Path, names: Names | undefined): Relation {
  const shorter = Math.min(a.length, b.length)
  for (let depth = 0; depth < shorter; depth += 1) {
    const [left, right] = [a[depth] as string | number, b[depth] as string | number]
    if (typeof left !== typeof right) return 'conflict'
    const isSame = typeof left === 'number' ? left === right : nameOf(left, names) === nameOf(right as string, names)
    if (!isSame) return 'apart'
  }
  return a.length === b.length ? 'same' : 'inside'
}
