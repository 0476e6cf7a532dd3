import { Buffer } from 'node:buffer'
import { UnsupportedExpressionError, ValidationException } from './validation.js'

/** An expression read piece by piece. */

/** DynamoDB's bound on one expression, in bytes. */
const EXPRESSION_BYTES_MAX = 4096

/** `keyword` is upper case; `name` is an attribute name or a function; placeholders keep their # or colon. */
export interface Token {
  readonly kind: 'keyword' | 'name' | 'nameHolder' | 'valueHolder' | 'index' | 'symbol' | 'end'
  readonly text: string
}

const PIECE =
  /[ \t\r\n]*(?:(?<name>[A-Za-z][A-Za-z0-9_]*)|(?<nameHolder>#[A-Za-z0-9_]+)|(?<valueHolder>:[A-Za-z0-9_]+)|(?<index>0|[1-9]\d*)|(?<symbol><>|<=|>=|[=<>()[\],.+-])|$)/y
const KEYWORDS = new Set(['AND', 'OR', 'NOT', 'SET', 'REMOVE', 'BETWEEN', 'IN', 'ADD', 'DELETE'])
const UNSUPPORTED = new Set(['BETWEEN', 'IN', 'ADD', 'DELETE'])
const END: Token = { kind: 'end', text: '<EOF>' }

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = []
  PIECE.lastIndex = 0
  for (;;) {
    const start = PIECE.lastIndex
    const groups = PIECE.exec(expression)?.groups
    if (groups === undefined) {
      throw new ValidationException(`Syntax error; token: "${expression.slice(start).trim().charAt(0)}"`)
    }
    const [kind, text] = Object.entries(groups).find(([, matched]) => matched !== undefined) ?? []
    if (kind === undefined || text === undefined) return tokens
    const upper = text.toUpperCase()
    if (kind === 'name' && UNSUPPORTED.has(upper)) throw new UnsupportedExpressionError(upper)
    if (kind === 'name' && KEYWORDS.has(upper)) tokens.push({ kind: 'keyword', text: upper })
    else tokens.push({ kind: kind as Token['kind'], text })
  }
}

/** Walks over the tokens of one expression. A token that is expected and missing is a syntax error. */
export class Cursor {
  private readonly tokens: readonly Token[]
  private position = 0
  private lastGroup = { start: -1, end: -1 }

  constructor(expression: string) {
    if (Buffer.byteLength(expression) > EXPRESSION_BYTES_MAX) {
      throw new ValidationException('Expression size has exceeded the maximum allowed size')
    }
    this.tokens = tokensOf(expression)
    if (this.tokens.length === 0) throw new ValidationException('The expression can not be empty')
  }

  get token(): Token {
    return this.tokens[this.position] ?? END
  }

  /** Whether the next token is a call's opening parenthesis, when the present one is its name. */
  get isCall(): boolean {
    return this.token.kind === 'name' && this.tokens[this.position + 1]?.text === '('
  }

  next(): Token {
    const token = this.token
    this.position += 1
    return token
  }

  is(kind: Token['kind'], text?: string): boolean {
    return this.token.kind === kind && (text === undefined || this.token.text === text)
  }

  accept(kind: Token['kind'], text?: string): boolean {
    const found = this.is(kind, text)
    if (found) this.position += 1
    return found
  }

  expect(kind: Token['kind'], text?: string): string {
    return this.is(kind, text) ? this.next().text : this.fail()
  }

  fail(): never {
    throw new ValidationException(`Syntax error; token: "${this.token.text}"`)
  }

  /** The content of parentheses. DynamoDB refuses a pair that holds nothing but another pair. */
  group<T>(parse: () => T): T {
    const start = this.position
    this.expect('symbol', '(')
    const inner = parse()
    if (this.lastGroup.start === start + 1 && this.lastGroup.end === this.position) {
      throw new ValidationException('The expression has redundant parentheses')
    }
    this.expect('symbol', ')')
    this.lastGroup = { start, end: this.position }
    return inner
  }

  /** Things of one sort, separated by commas. */
  list<T>(parse: () => T): T[] {
    const items = [parse()]
    while (this.accept('symbol', ',')) items.push(parse())
    return items
  }
}
