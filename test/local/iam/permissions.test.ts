import { matches, matchesArn } from '../../../local/iam/patterns.js'
import { isAllowed, readStatements } from '../../../local/iam/permissions.js'

const table = (name: string) => `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`
const KEYS = 'dynamodb:LeadingKeys'

const read = (...statements: unknown[]) => readStatements({ Statement: statements }, 'P')
const statement = (rest: Readonly<Record<string, unknown>> = {}) => ({
  Effect: 'Allow',
  Action: 'dynamodb:GetItem',
  Resource: table('A'),
  ...rest,
})

describe('permissions', () => {
  test('allow what an action and a resource match, deny everything else, and Deny wins', () => {
    const allowed = read(statement({ Action: 'dynamodb:Get*', Resource: [table('A'), table('B')] }))
    expect(isAllowed(allowed, 'dynamodb:getitem', table('A'))).toBe(true)
    expect(isAllowed(allowed, 'dynamodb:PutItem', table('A'))).toBe(false)
    expect(isAllowed(allowed, 'dynamodb:GetItem', table('a'))).toBe(false)
    expect(isAllowed([], 'dynamodb:GetItem', table('A'))).toBe(false)
    const denied = [...allowed, ...read({ Effect: 'Deny', Action: ['*'], Resource: table('*B') })]
    expect(isAllowed(denied, 'dynamodb:GetItem', table('A'))).toBe(true)
    expect(isAllowed(denied, 'dynamodb:GetItem', table('B'))).toBe(false)
  })

  describe('on some keys', () => {
    const like = { 'ForAllValues:StringLike': { [KEYS]: ['a#*', 'b#*'] } }
    const mayGet = (statements: readonly unknown[], keys: readonly string[] | undefined) =>
      isAllowed(read(...statements), 'dynamodb:GetItem', table('A'), { 'dynamodb:leadingkeys': keys })

    test('hold for requests that name such keys and no others', () => {
      const allowed = [statement({ Condition: { ...like, Null: { [KEYS]: 'false' } } })]
      expect(mayGet(allowed, ['a#1'])).toBe(true)
      expect(mayGet(allowed, ['a#1', 'b#2'])).toBe(true)
      expect(mayGet(allowed, ['a#1', 'c#2'])).toBe(false)
      expect(mayGet(allowed, ['aa#1'])).toBe(false)
      expect(mayGet(allowed, undefined)).toBe(false)
      const denied = [...allowed, statement({ Effect: 'Deny', Action: '*', Resource: '*' })]
      expect(mayGet(denied, ['a#1'])).toBe(false)
    })

    test('hold for requests without keys, too, where no Null forbids that', () => {
      expect(mayGet([statement({ Condition: like })], undefined)).toBe(true)
    })

    test('deny them alone', () => {
      const statements = [statement(), statement({ Effect: 'Deny', Condition: like })]
      expect([['a#1'], ['c#1']].map((keys) => mayGet(statements, keys))).toEqual([false, true])
    })
  })

  test.each([
    ['a truth, in any case', { Bool: { 'LAMBDA:InvokedViaFunctionUrl': 'True' } }, true],
    ['the other truth', { Bool: { 'lambda:InvokedViaFunctionUrl': false } }, false],
    ['a text', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }, true],
    ['a text without wildcards', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_*' } }, false],
    ['one pattern of several', { StringLike: { 'lambda:FunctionUrlAuthType': ['NONE', 'AWS_*'] } }, true],
    ['a fact that is missing', { 'ForAllValues:StringLike': { [KEYS]: 'a' }, Null: { [KEYS]: true } }, true],
    ['several facts', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' }, Null: { [KEYS]: 'false' } }, false],
  ])('on %s hold as the request is', (_, Condition, expected) => {
    const facts = { 'lambda:functionurlauthtype': ['AWS_IAM'], 'lambda:invokedviafunctionurl': ['true'] }
    expect(isAllowed(read(statement({ Condition })), 'dynamodb:GetItem', table('A'), facts)).toBe(expected)
  })

  test('take * and ? as wildcards, and nothing else', () => {
    expect(matches('a?c', 'abc')).toBe(true)
    expect(matches('a?c', 'ac')).toBe(false)
    expect(matches('a.c', 'abc')).toBe(false)
    expect(matches('live/POST/@connections/*', 'live/POST/@connections/x=')).toBe(true)
    expect(matches('live/POST/@connections/*', 'live/GET/@connections/x=')).toBe(false)
    expect(matches('*$connect', 'live/$connect')).toBe(true)
  })

  test('have no wildcard that reaches over a colon into the next part of an ARN', () => {
    expect(matchesArn('*', table('A'))).toBe(true)
    expect(matchesArn('arn:aws:dynamodb:*:*:table/A', table('A'))).toBe(true)
    expect(matchesArn('arn:aws:dynamodb:us-*:table/A:*', table('A'))).toBe(false)
    expect(matchesArn('arn:aws:dynamodb:*:table/A', table('A'))).toBe(false)
    expect(matchesArn('arn:aws:logs:*:1:log-group:a:*', 'arn:aws:logs:r:1:log-group:a:log-stream:b')).toBe(true)
    expect(matchesArn('arn:aws:logs:*:1:log-group:a:*', 'arn:aws:logs:r:2:1:log-group:a:b')).toBe(false)
  })

  test.each([
    ['an unknown element', { NotAction: 'dynamodb:Scan' }, "uses 'NotAction'"],
    ['an unknown effect', { Effect: 'Perhaps' }, 'Perhaps'],
    ['an action without a service', { Action: 'GetItem' }, "names 'GetItem'"],
    ['a wildcard for the service', { Action: '*:GetItem' }, "names '*:GetItem'"],
    ['a part of an ARN', { Resource: 'arn:aws:dynamodb:*' }, "names 'arn:aws:dynamodb:*'"],
    ['a wildcard for the service of an ARN', { Resource: 'arn:aws:*:*:*:*' }, "names 'arn:aws:*:*:*:*'"],
    ['a variable in an ARN', { Resource: table(`\${aws:username}`) }, "names 'arn"],
    ['another operator', { Condition: { ArnLike: { 'lambda:FunctionUrlAuthType': '1' } } }, 'by its operator'],
    ['another operator on sets', { Condition: { 'ForAnyValue:StringLike': { [KEYS]: 'a' } } }, 'by its operator'],
    ['Null on a set', { Condition: { 'ForAllValues:Null': { [KEYS]: 'true' } } }, 'by its operator'],
    ['an operator of the prototype', { Condition: { constructor: { [KEYS]: 'true' } } }, 'by its operator'],
    ['another key', { Condition: { StringLike: { 'aws:username': 'a' } } }, 'by its key'],
    ['a set without ForAllValues', { Condition: { StringLike: { [KEYS]: 'a' } } }, 'without ForAllValues'],
    ['a variable', { Condition: { StringLike: { 'lambda:FunctionUrlAuthType': `\${x}` } } }, 'with a variable'],
    ['a Bool of something else', { Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'yes' } } }, 'by its value'],
    ['a Null of something else', { Condition: { Null: { [KEYS]: 'no' } } }, 'by its value'],
  ])('with %s cannot be judged, and are an error', (_, rest, message) => {
    expect(() => read(statement(rest))).toThrow(message)
    expect(() => read(statement(rest))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_TEMPLATE' }))
  })
})
