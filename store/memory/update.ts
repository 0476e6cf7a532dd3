import type { AttributeValue, Item } from '../../protocol/dynamodb.js'
import { addN, subtractN } from './numbers.js'
import { lookUp, nameOf, type Path } from './paths.js'
import type { Scope } from './scope.js'
import { invalid } from './validation.js'
import { fieldOf, setField } from './values.js'

/** An update expression as a tree. */
export interface UpdateTree {
  readonly sets: readonly { readonly path: Path; readonly source: Source }[]
  readonly removes: readonly Path[]
}

/** Where a SET takes its value from. */
export type Source =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly placeholder: string }
  | { readonly kind: 'sum'; readonly operator: '+' | '-'; readonly left: Source; readonly right: Source }
  | { readonly kind: 'append'; readonly left: Source; readonly right: Source }
  | { readonly kind: 'ifNotExists'; readonly path: Path; readonly otherwise: Source }

type MutableFields = Record<string, AttributeValue>
type MutableList = (AttributeValue | typeof REMOVED)[]
type Parent = { readonly fields: MutableFields } | { readonly list: MutableList }

/** Holds the place of a removed element, so that every index keeps its meaning until the update is done. */
const REMOVED = Symbol('removed')

/** The item after the update. The one before it, and all that it shares with the new one, stays as it was. */
export function applyUpdate(tree: UpdateTree, scope: Scope, base: Item): Item {
  // Every source sees the item before the update, in any order of the clauses.
  const values = tree.sets.map(({ source }) => evaluate(source, scope))
  const draft = new Draft(base, scope.names)
  for (const path of tree.removes) draft.remove(path)
  tree.sets.forEach(({ path }, index) => {
    draft.set(path, values[index] as AttributeValue)
  })
  return draft.finish()
}

function evaluate(source: Source, scope: Scope): AttributeValue {
  switch (source.kind) {
    case 'path':
      return lookUp(scope.item, source.path, scope.names) ?? invalid('The expression refers to a missing attribute')
    case 'value':
      return scope.values[source.placeholder] as AttributeValue
    case 'ifNotExists': {
      // DynamoDB refuses a missing alternative even where it would not be needed.
      const otherwise = evaluate(source.otherwise, scope)
      return lookUp(scope.item, source.path, scope.names) ?? otherwise
    }
    case 'append': {
      const [left, right] = [evaluate(source.left, scope), evaluate(source.right, scope)]
      return 'L' in left && 'L' in right ? { L: [...left.L, ...right.L] } : wrongKind()
    }
    case 'sum': {
      const [left, right] = [evaluate(source.left, scope), evaluate(source.right, scope)]
      if (!('N' in left) || !('N' in right)) return wrongKind()
      return { N: source.operator === '+' ? addN(left.N, right.N) : subtractN(left.N, right.N) }
    }
  }
}

const wrongKind = (): never => invalid('An operand in the update expression has an incorrect data type')

/** A copy of an item in the making. It copies only the containers that it changes. */
class Draft {
  private readonly item: MutableFields
  private readonly own = new Set<object>()
  private readonly shortened = new Set<MutableList>()
  private readonly appended: { readonly list: MutableList; readonly index: number; readonly value: AttributeValue }[] =
    []

  constructor(
    base: Item,
    private readonly names: Scope['names'],
  ) {
    this.item = copyFields(base)
  }

  remove(path: Path): void {
    const parent = this.parentOf(path)
    const last = path[path.length - 1] as string | number
    if ('fields' in parent) delete parent.fields[nameOf(last as string, this.names)]
    else if ((last as number) < parent.list.length) {
      parent.list[last as number] = REMOVED
      this.shortened.add(parent.list)
    }
  }

  set(path: Path, value: AttributeValue): void {
    const parent = this.parentOf(path)
    const last = path[path.length - 1] as string | number
    if ('fields' in parent) setField(parent.fields, nameOf(last as string, this.names), value)
    else if ((last as number) < parent.list.length) parent.list[last as number] = value
    else this.appended.push({ list: parent.list, index: last as number, value })
  }

  finish(): Item {
    // Elements beyond the end are appended in the order of their index.
    if (this.appended.length > 1) this.appended.sort((a, b) => a.index - b.index)
    for (const { list, value } of this.appended) list.push(value)
    for (const list of this.shortened) {
      let kept = 0
      for (const element of list) {
        if (element === REMOVED) continue
        list[kept] = element
        kept += 1
      }
      list.length = kept
    }
    return this.item
  }

  /** The container that the path's last part lies in, as a copy of this draft's own. */
  private parentOf(path: Path): Parent {
    let parent: Parent = { fields: this.item }
    for (let depth = 0; depth < path.length - 1; depth += 1) {
      parent = this.ownChild(parent, path[depth] as string | number)
    }
    const isIndex = typeof path[path.length - 1] === 'number'
    return isIndex === 'list' in parent ? parent : wrongPath()
  }

  private ownChild(parent: Parent, part: string | number): Parent {
    if ('list' in parent !== (typeof part === 'number')) return wrongPath()
    const name = typeof part === 'string' ? nameOf(part, this.names) : ''
    const child = 'list' in parent ? parent.list[part as number] : fieldOf(parent.fields, name)
    if (child === undefined || child === REMOVED || !('M' in child || 'L' in child)) return wrongPath()
    const owned = this.own.has(child) ? child : this.copyOf(child)
    if ('list' in parent) parent.list[part as number] = owned
    else setField(parent.fields, name, owned)
    return 'L' in owned ? { list: owned.L as unknown as MutableList } : { fields: owned.M }
  }

  private copyOf<T extends Extract<AttributeValue, { L: unknown } | { M: unknown }>>(child: T): AttributeValue & T {
    const copy = ('L' in child ? { L: child.L.slice() } : { M: copyFields(child.M) }) as AttributeValue & T
    this.own.add(copy)
    return copy
  }
}

const wrongPath = (): never => invalid('The document path provided in the update expression is invalid for update')

const copyFields = (fields: Item): MutableFields =>
  // Spreading keeps a field named `__proto__` a field.
  ({ ...fields })
