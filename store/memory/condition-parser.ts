import type { Comparator, Condition, Operand } from './condition.js'
import { parsePath } from './paths.js'
import type { Uses } from './scope.js'
import { Cursor } from './tokens.js'
import { invalid, UnsupportedExpressionError } from './validation.js'
import type { Kind } from './values.js'

const OPERATORS_MAX = 300
const ORDERED: ReadonlySet<Kind> = new Set(['S', 'N', 'B'])
const SIZED: ReadonlySet<Kind> = new Set(['S', 'B', 'L', 'M'])
const PREFIXED: ReadonlySet<Kind> = new Set(['S', 'B'])
const COMPARATORS: ReadonlySet<string> = new Set<Comparator>(['=', '<>', '<', '<=', '>', '>='])

export function parseCondition(expression: string, uses: Uses): Condition {
  const parser = new ConditionParser(expression, uses)
  return parser.parse()
}

class ConditionParser {
  private readonly cursor: Cursor
  private operators = 0

  constructor(
    expression: string,
    private readonly uses: Uses,
  ) {
    this.cursor = new Cursor(expression)
  }

  parse(): Condition {
    const condition = this.asCondition(this.disjunction())
    if (!this.cursor.is('end')) this.cursor.fail()
    if (this.operators > OPERATORS_MAX) invalid('The expression contains too many operators')
    return condition
  }

  /** Parentheses hold operands as well as conditions, so both are read alike and told apart where it matters. */
  private disjunction(): Condition | Operand {
    let left = this.conjunction()
    while (this.cursor.accept('keyword', 'OR')) left = this.both('or', left, this.conjunction())
    return left
  }

  private conjunction(): Condition | Operand {
    let left = this.negation()
    while (this.cursor.accept('keyword', 'AND')) left = this.both('and', left, this.negation())
    return left
  }

  private negation(): Condition | Operand {
    if (!this.cursor.accept('keyword', 'NOT')) return this.comparison()
    this.operators += 1
    return { kind: 'not', inner: this.asCondition(this.negation()) }
  }

  private comparison(): Condition | Operand {
    const left = this.primary()
    if (!this.cursor.is('symbol') || !COMPARATORS.has(this.cursor.token.text)) return left
    const operator = this.cursor.next().text as Comparator
    const operands = [this.asOperand(left), this.asOperand(this.primary())] as const
    this.operators += 1
    if (operator !== '=' && operator !== '<>') for (const operand of operands) this.require(operand, ORDERED, operator)
    this.requireDistinct(...operands)
    return { kind: 'compare', operator, left: operands[0], right: operands[1] }
  }

  private primary(): Condition | Operand {
    const { cursor } = this
    if (cursor.is('symbol', '(')) return cursor.group(() => this.disjunction())
    if (cursor.isCall) return this.call()
    if (!cursor.is('valueHolder')) return { kind: 'path', path: parsePath(cursor, this.uses.names) }
    const placeholder = cursor.next().text
    this.uses.values.add(placeholder)
    return { kind: 'value', placeholder }
  }

  private call(): Condition | Operand {
    const name = this.cursor.next().text
    this.cursor.expect('symbol', '(')
    const given = this.cursor.list(() => this.asOperand(this.primary()))
    this.cursor.expect('symbol', ')')
    this.operators += 1
    switch (name) {
      case 'attribute_exists':
      case 'attribute_not_exists': {
        const [operand] = exactly(1, given, name)
        if (operand?.kind !== 'path') return invalid(`Operator or function requires a document path: ${name}`)
        return { kind: 'exists', path: operand.path, wanted: name === 'attribute_exists' }
      }
      case 'contains':
      case 'begins_with': {
        const [whole, part] = exactly(2, given, name) as [Operand, Operand]
        if (name === 'begins_with') for (const operand of given) this.require(operand, PREFIXED, name)
        this.requireDistinct(whole, part)
        return { kind: name, whole, part }
      }
      case 'size': {
        const [operand] = exactly(1, given, name) as [Operand]
        this.require(operand, SIZED, name)
        return { kind: 'size', of: operand }
      }
      case 'attribute_type':
        throw new UnsupportedExpressionError(name)
      default:
        return invalid(`Invalid function name, or not allowed in a condition expression; function: ${name}`)
    }
  }

  private both(kind: 'and' | 'or', left: Condition | Operand, right: Condition | Operand): Condition {
    this.operators += 1
    return { kind, left: this.asCondition(left), right: this.asCondition(right) }
  }

  private asCondition(node: Condition | Operand): Condition {
    return isOperand(node) ? invalid(`Syntax error: ${node.kind} is no condition`) : node
  }

  private asOperand(node: Condition | Operand): Operand {
    return isOperand(node) ? node : invalid(`Syntax error: ${node.kind} is no operand`)
  }

  /** DynamoDB checks the kinds of literals and of sizes before it looks at any item. */
  private require(operand: Operand, kinds: ReadonlySet<Kind>, by: string): void {
    if (operand.kind === 'value') this.uses.literals.push({ placeholder: operand.placeholder, kinds, by })
    if (operand.kind === 'size' && !kinds.has('N')) invalid(`Incorrect operand type for operator or function: ${by}, N`)
  }

  private requireDistinct(a: Operand, b: Operand): void {
    if (a.kind === 'path' && b.kind === 'path') this.uses.distinct.push([a.path, b.path])
  }
}

const isOperand = (node: Condition | Operand): node is Operand =>
  node.kind === 'path' || node.kind === 'value' || node.kind === 'size'

function exactly<T>(count: number, given: readonly T[], name: string): readonly T[] {
  if (given.length !== count) invalid(`Incorrect number of operands for operator or function: ${name}, ${given.length}`)
  return given
}
