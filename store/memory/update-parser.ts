import { type Path, parsePath } from './paths.js'
import type { Uses } from './scope.js'
import { Cursor } from './tokens.js'
import type { Source, UpdateTree } from './update.js'
import { invalid } from './validation.js'
import type { Kind } from './values.js'

const NUMBER: ReadonlySet<Kind> = new Set(['N'])
const LIST: ReadonlySet<Kind> = new Set(['L'])

/** Reads an update expression. `uses` collects the demands on its placeholders. */
export const parseUpdate = (expression: string, uses: Uses): UpdateTree => new UpdateParser(expression, uses).parse()

class UpdateParser {
  private readonly cursor: Cursor

  constructor(
    expression: string,
    private readonly uses: Uses,
  ) {
    this.cursor = new Cursor(expression)
  }

  parse(): UpdateTree {
    const { cursor } = this
    let sets: UpdateTree['sets'] | undefined
    let removes: UpdateTree['removes'] | undefined
    while (!cursor.is('end')) {
      const section = cursor.expect('keyword')
      if (section === 'SET') sets = once(sets, section, () => cursor.list(() => this.set()))
      else if (section === 'REMOVE') removes = once(removes, section, () => cursor.list(() => this.written()))
      else cursor.fail()
    }
    return { sets: sets ?? [], removes: removes ?? [] }
  }

  private written(): Path {
    const path = parsePath(this.cursor, this.uses.names)
    this.uses.written.push(path)
    return path
  }

  private set(): UpdateTree['sets'][number] {
    const path = this.written()
    this.cursor.expect('symbol', '=')
    return { path, source: this.source() }
  }

  private source(): Source {
    const { cursor } = this
    const left = this.operand()
    if (!cursor.is('symbol', '+') && !cursor.is('symbol', '-')) return left
    const operator = cursor.next().text as '+' | '-'
    const right = this.operand()
    for (const operand of [left, right]) {
      refuseNested(operand, 'sum')
      this.require(operand, NUMBER, operator)
    }
    return { kind: 'sum', operator, left, right }
  }

  private operand(): Source {
    const { cursor } = this
    if (cursor.is('symbol', '(')) return cursor.group(() => this.source())
    if (cursor.isCall) return this.call()
    if (!cursor.is('valueHolder')) return { kind: 'path', path: parsePath(cursor, this.uses.names) }
    const placeholder = cursor.next().text
    this.uses.values.add(placeholder)
    return { kind: 'value', placeholder }
  }

  private call(): Source {
    const name = this.cursor.next().text
    this.cursor.expect('symbol', '(')
    const given = this.cursor.list(() => this.operand())
    this.cursor.expect('symbol', ')')
    for (const operand of given) refuseNested(operand, name)
    const [first, second] = given
    if (name !== 'if_not_exists' && name !== 'list_append') {
      return invalid(`Invalid function name, or not allowed in an update expression; function: ${name}`)
    }
    if (first === undefined || second === undefined || given.length !== 2) {
      return invalid(`Incorrect number of operands for operator or function: ${name}, ${given.length}`)
    }
    if (name === 'list_append') {
      for (const operand of given) this.require(operand, LIST, name)
      return { kind: 'append', left: first, right: second }
    }
    if (first.kind !== 'path') return invalid(`Operator or function requires a document path: ${name}`)
    if (second.kind === 'path') this.uses.distinct.push([first.path, second.path])
    return { kind: 'ifNotExists', path: first.path, otherwise: second }
  }

  /** DynamoDB checks the kinds of literals before it looks at any item. */
  private require(operand: Source, kinds: ReadonlySet<Kind>, by: string): void {
    if (operand.kind === 'value') this.uses.literals.push({ placeholder: operand.placeholder, kinds, by })
  }
}

function once<T>(before: T | undefined, section: string, parse: () => T): T {
  return before === undefined ? parse() : invalid(`The "${section}" section can only be used once`)
}

function refuseNested(operand: Source, by: string): void {
  if (operand.kind === 'append') invalid('The function is not allowed to be used this way; function: list_append')
  if (operand.kind === 'sum') invalid(`Syntax error: a sum inside ${by}`)
}
