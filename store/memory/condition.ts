import type { AttributeValue } from '../../protocol/dynamodb.js'
import { lookUp, type Path } from './paths.js'
import type { Scope } from './scope.js'
import { containsPart, isEqual, lengthOf, order, startsWith } from './values.js'

/** A condition expression as a tree. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'compare'; readonly operator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'exists'; readonly path: Path; readonly wanted: boolean }
  | { readonly kind: 'contains' | 'begins_with'; readonly whole: Operand; readonly part: Operand }

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly placeholder: string }
  | { readonly kind: 'size'; readonly of: Operand }

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** Whether the condition holds for the item in the scope. A missing operand fulfils nothing but a negation. */
export function holds(condition: Condition, scope: Scope): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, scope) && holds(condition.right, scope)
    case 'or':
      return holds(condition.left, scope) || holds(condition.right, scope)
    case 'not':
      return !holds(condition.inner, scope)
    case 'exists':
      return (lookUp(scope.item, condition.path, scope.names) !== undefined) === condition.wanted
    case 'compare':
      return compare(condition.operator, operandValue(condition.left, scope), operandValue(condition.right, scope))
    default: {
      const whole = operandValue(condition.whole, scope)
      const part = operandValue(condition.part, scope)
      if (whole === undefined || part === undefined) return false
      return condition.kind === 'contains' ? containsPart(whole, part) : startsWith(whole, part)
    }
  }
}

function operandValue(operand: Operand, scope: Scope): AttributeValue | undefined {
  if (operand.kind === 'path') return lookUp(scope.item, operand.path, scope.names)
  if (operand.kind === 'value') return scope.values[operand.placeholder]
  const value = operandValue(operand.of, scope)
  const length = value === undefined ? undefined : lengthOf(value)
  return length === undefined ? undefined : { N: String(length) }
}

function compare(operator: Comparator, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return operator === '<>'
  if (operator === '=') return isEqual(left, right)
  if (operator === '<>') return !isEqual(left, right)
  const ordered = order(left, right)
  if (ordered === undefined) return false
  if (operator === '<') return ordered < 0
  if (operator === '<=') return ordered <= 0
  return operator === '>' ? ordered > 0 : ordered >= 0
}
