import type { Item, Update } from '../../protocol/dynamodb.js'
import { type Condition, holds } from './condition.js'
import { parseCondition } from './condition-parser.js'
import { nameOf, type Path } from './paths.js'
import { checkNames, type Scope, takeValues, Uses } from './scope.js'
import { applyUpdate, type UpdateTree } from './update.js'
import { parseUpdate } from './update-parser.js'
import { invalid } from './validation.js'

/**
 * DynamoDB's condition and update expressions, as far as the protocol uses them and a bit more. An expression that
 * DynamoDB refuses throws a ValidationException; one that only DynamoDB knows throws an UnsupportedExpressionError.
 */

interface Parsed<T> {
  readonly tree: T
  readonly uses: Uses
}

/** The protocol has a few dozen expressions, and a few more for commits of many attributes. */
const REMEMBERED_MAX = 2_000
const KEY_NAME = 'pk'

const conditions = new Map<string, Parsed<Condition>>()
const updates = new Map<string, Parsed<UpdateTree>>()

function remember<T>(
  known: Map<string, Parsed<T>>,
  expression: string,
  parse: (expression: string, uses: Uses) => T,
): Parsed<T> {
  const found = known.get(expression)
  if (found !== undefined) return found
  const uses = new Uses()
  const parsed = { tree: parse(expression, uses), uses }
  uses.settle()
  if (known.size >= REMEMBERED_MAX) known.clear()
  known.set(expression, parsed)
  return parsed
}

/** One update, checked as far as it can be without the item. */
export class Request {
  private readonly condition: Condition
  private readonly update: UpdateTree
  private readonly written: readonly Path[]
  private readonly names: Scope['names']
  private readonly values: Scope['values']

  /** Throws where DynamoDB would refuse the update for every item. */
  constructor({ condition, update, names, values }: Pick<Update, 'condition' | 'update' | 'names' | 'values'>) {
    const wanted = remember(conditions, condition, parseCondition)
    const change = remember(updates, update, parseUpdate)
    checkNames(names, (name) => wanted.uses.names.has(name) || change.uses.names.has(name))
    this.values = takeValues(values, (value) => wanted.uses.values.has(value) || change.uses.values.has(value))
    this.names = names
    wanted.uses.check(names, this.values)
    change.uses.check(names, this.values)
    this.condition = wanted.tree
    this.update = change.tree
    this.written = change.uses.written
  }

  isMetBy(item: Item): boolean {
    return holds(this.condition, this.scope(item))
  }

  /** The item after the update. Throws where the update does not fit the item. */
  appliedTo(item: Item, key: string): Item {
    for (const [first] of this.written) {
      if (nameOf(first, this.names) === KEY_NAME) invalid(`Cannot update attribute ${KEY_NAME}: it is part of the key`)
    }
    const base = Object.hasOwn(item, KEY_NAME) ? item : { [KEY_NAME]: { S: key } }
    return applyUpdate(this.update, this.scope(item), base)
  }

  private scope(item: Item): Scope {
    return { item, names: this.names, values: this.values }
  }
}
