import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import { isFixed, type Names, type Path, relate } from './paths.js'
import { invalid } from './validation.js'
import { bytesOf, checkName, type Fields, ITEM_BYTES_MAX, type Kind, kindOf, takeIn } from './values.js'

/** The surroundings of an expression: the item before the update, and the meaning of the placeholders. */
export interface Scope {
  readonly item: Item
  readonly names: Names | undefined
  readonly values: Fields
}

/** The demands of an expression on its placeholders, which must be checked anew for every request. */
export class Uses {
  readonly names = new Set<string>()
  readonly values = new Set<string>()
  readonly literals: { readonly placeholder: string; readonly kinds: ReadonlySet<Kind>; readonly by: string }[] = []
  /** Pairs of operands that may not be the same path. */
  readonly distinct: [Path, Path][] = []
  /** Paths that are written, of which none may lead into another. */
  readonly written: Path[] = []
  private unsettled: [Path, Path][] = []
  private hasOpenPaths = false

  /** Checks once the demands that no placeholder can change. To be called when the expression has been read. */
  settle(): void {
    const isSettled = ([a, b]: readonly [Path, Path]) => isFixed(a) && isFixed(b)
    for (const pair of this.distinct) if (isSettled(pair)) checkDistinct(pair, undefined)
    this.hasOpenPaths = this.distinct.some((pair) => !isSettled(pair))
    this.written.forEach((a, index) => {
      for (const b of this.written.slice(index + 1)) {
        if (isSettled([a, b])) checkApart([a, b], undefined)
        else if (mayMeet(a, b)) this.unsettled.push([a, b])
      }
    })
  }

  /** Checks the placeholders' meanings in one request. */
  check(names: Names | undefined, values: Fields): void {
    for (const name of this.names) {
      if (names === undefined || !Object.hasOwn(names, name)) invalid(`An attribute name is not defined: ${name}`)
    }
    for (const value of this.values) {
      if (!Object.hasOwn(values, value)) invalid(`An attribute value is not defined: ${value}`)
    }
    for (const { placeholder, kinds, by } of this.literals) {
      const kind = kindOf(values[placeholder] as AttributeValue)
      if (!kinds.has(kind)) invalid(`Incorrect operand type for operator or function: ${by}, ${kind}`)
    }
    if (this.hasOpenPaths) for (const pair of this.distinct) checkDistinct(pair, names)
    for (const pair of this.unsettled) checkApart(pair, names)
  }
}

/** Whether some meaning of the placeholders makes the two paths meet, or conflict. */
const mayMeet = (a: Path, b: Path): boolean => {
  const shorter = Math.min(a.length, b.length)
  for (let depth = 0; depth < shorter; depth += 1) {
    const [left, right] = [a[depth], b[depth]]
    if (typeof left !== typeof right) return true
    if (typeof left === 'number' && left !== right) return false
  }
  return true
}

function checkDistinct([a, b]: readonly [Path, Path], names: Names | undefined): void {
  if (relate(a, b, names) === 'same') invalid('The first operand must be distinct from the remaining operands')
}

function checkApart([a, b]: readonly [Path, Path], names: Names | undefined): void {
  const relation = relate(a, b, names)
  if (relation === 'conflict') invalid('Two document paths conflict with each other')
  if (relation !== 'apart') invalid('Two document paths overlap with each other')
}

const NAME_HOLDER = /^#[A-Za-z0-9_]+$/
const VALUE_HOLDER = /^:[A-Za-z0-9_]+$/

/** Checks names as DynamoDB does: every one well formed and used. */
export function checkNames(names: Names | undefined, isUsed: (placeholder: string) => boolean): void {
  if (names === undefined) return
  const placeholders = Object.keys(names)
  if (placeholders.length === 0) invalid('ExpressionAttributeNames must not be empty')
  for (const placeholder of placeholders) {
    if (!NAME_HOLDER.test(placeholder)) invalid(`ExpressionAttributeNames contains invalid key: ${placeholder}`)
    if (!isUsed(placeholder)) invalid(`Value provided in ExpressionAttributeNames unused: ${placeholder}`)
    checkName(names[placeholder] as string)
  }
}

/** Takes the values in, as DynamoDB does: every one well formed and used. */
export function takeValues(values: Fields, isUsed: (placeholder: string) => boolean): Fields {
  const placeholders = Object.keys(values)
  if (placeholders.length === 0) invalid('ExpressionAttributeValues must not be empty')
  const taken: Record<string, AttributeValue> = {}
  for (const placeholder of placeholders) {
    if (!VALUE_HOLDER.test(placeholder)) invalid(`ExpressionAttributeValues contains invalid key: ${placeholder}`)
    if (!isUsed(placeholder)) invalid(`Value provided in ExpressionAttributeValues unused: ${placeholder}`)
    const value = takeIn(values[placeholder] as AttributeValue)
    if (bytesOf(value, 1) > ITEM_BYTES_MAX) invalid(`Item size has exceeded the maximum allowed size: ${placeholder}`)
    taken[placeholder] = value
  }
  return taken
}
