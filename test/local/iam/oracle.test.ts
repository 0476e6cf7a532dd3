import { runSimulation } from '@cloud-copilot/iam-simulate'
import * as fc from 'fast-check'
import { isAllowed, readStatements } from '../../../local/iam/permissions.js'

/**
 * The local stack's verdicts beside those of a simulator of IAM that shares no code with it, for policies and requests that
 * nearly fit each other.
 */
const RUNS = 1_000
const SEED = 17
const ACCOUNT = '000000000000'

interface Request {
  readonly action: string
  readonly resource: string
  readonly facts: Readonly<Record<string, string | string[]>>
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

const arn = (service: string, rest: string): string => `arn:aws:${service}:us-east-1:${ACCOUNT}:${rest}`

const requests: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      action: fc.constantFrom('dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:Query'),
      resource: fc.constantFrom('Locks', 'Sessions').map((name) => arn('dynamodb', `table/${name}`)),
      facts: fc.oneof(
        fc.constant({}),
        fc.record({
          'dynamodb:LeadingKeys': fc.uniqueArray(fc.constantFrom('shop#1', 'shop#2', 'blog#1', 'P#1', 'a.b'), {
            minLength: 1,
          }),
        }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'Invoke GET/$connect',
        'ManageConnections POST/@connections/a=',
        'ManageConnections DELETE/@connections/a:b',
      )
      .map((text) => {
        const [name = '', path = ''] = text.split(' ')
        return { action: `execute-api:${name}`, resource: arn('execute-api', `a1b2c3/live/${path}`), facts: {} }
      }),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        fc.record({
          action: fc.constant('lambda:InvokeFunctionUrl'),
          facts: fc.record({ 'lambda:FunctionUrlAuthType': fc.constantFrom('AWS_IAM', 'NONE') }),
        }),
        fc.record({
          action: fc.constant('lambda:InvokeFunction'),
          facts: fc.constantFrom(
            { 'lambda:InvokedViaFunctionUrl': 'true' },
            { 'lambda:InvokedViaFunctionUrl': 'false' },
            {},
          ),
        }),
      )
      .map((rest) => ({ ...rest, resource: arn('lambda', 'function:https') })),
  },
)

/** A pattern that fits this text, or nearly does. */
const near = (text: string): fc.Arbitrary<string> => {
  const cut = fc
    .tuple(fc.nat(text.length), fc.nat(text.length))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(text) },
    { weight: 2, arbitrary: cut.map(([from, to]) => `${text.slice(0, from)}*${text.slice(to)}`) },
    { weight: 1, arbitrary: cut.map(([from]) => `${text.slice(0, from)}?${text.slice(from + 1)}`) },
    { weight: 1, arbitrary: fc.constantFrom('*', '', 'x', text.toUpperCase(), `${text}x`) },
  )
}

const oneOrList = (one: fc.Arbitrary<string>): fc.Arbitrary<string | readonly string[]> =>
  fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }))

const actionNear = (action: string): fc.Arbitrary<string> => {
  const [service = '', name = ''] = action.split(':')
  return fc.oneof(
    { weight: 5, arbitrary: near(name).map((pattern) => `${service}:${pattern === '' ? '*' : pattern}`) },
    { weight: 1, arbitrary: fc.constantFrom('*', 'dynamodb:*', 'execute-api:*', 'lambda:*') },
  )
}

const resourceNear = (right: string): fc.Arbitrary<string> => {
  const [, , service = '', region = '', account = '', ...rest] = right.split(':')
  const last = rest.join(':')
  const lower = (text: string) => near(text).map((pattern) => pattern.toLowerCase())
  const everywhere = fc
    .tuple(lower('aws'), lower(region), lower(account), near(last))
    .map(([partition, ...others]) => ['arn', partition || '*', service, ...others].join(':'))
    .map((pattern) => (pattern.endsWith(':') ? `${pattern}*` : pattern))
  return fc.oneof(
    { weight: 3, arbitrary: near(last).map((pattern) => arn(service, pattern || '*')) },
    { weight: 3, arbitrary: everywhere },
    { weight: 1, arbitrary: fc.constantFrom('*', reaching(right)) },
  )
}

/** With a star for two parts at once, where a colon of the last part stands in for the one that is missing. */
const reaching = (right: string): string => {
  const parts = right.split(':')
  return parts.length === 6 ? right : [...parts.slice(0, 3), '*', ...parts.slice(5)].join(':')
}

const LEADING = fc.constantFrom('dynamodb:LeadingKeys', 'dynamodb:leadingkeys')
const TRUTH = fc.constantFrom('true', 'false')
const patterns = oneOrList(fc.constantFrom('shop#*', 'blog#*', 'shop#1', 'P#?', '*', 'a?b', 'a.b', 'shop#'))
const types = oneOrList(fc.constantFrom('AWS_IAM', 'NONE', 'AWS_*', 'AWS?IAM', 'aws_iam'))

const conditions = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(
    fc.tuple(fc.constantFrom('ForAllValues:StringLike', 'ForAllValues:StringEquals'), LEADING, patterns),
    fc.tuple(fc.constant('Null'), LEADING, TRUTH),
    fc.tuple(fc.constantFrom('Bool', 'ForAllValues:Bool'), fc.constant('lambda:InvokedViaFunctionUrl'), TRUTH),
    fc.tuple(fc.constantFrom('StringLike', 'StringEquals'), fc.constant('lambda:FunctionUrlAuthType'), types),
    fc.tuple(fc.constant('Null'), fc.constant('lambda:FunctionUrlAuthType'), TRUTH),
  ),
  { maxKeys: 2 },
)

const statementsFor = ({ action, resource }: Request): fc.Arbitrary<Statement> =>
  fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const),
      Action: oneOrList(actionNear(action)),
      Resource: oneOrList(resourceNear(resource)),
      made: fc.option(conditions, { nil: {} }),
    })
    .map(({ made, ...rest }) => {
      const Condition = Object.fromEntries(
        Object.values(made).map(([operator, key, value]) => [operator, { [key]: value }]),
      )
      return Object.keys(Condition).length === 0 ? rest : { ...rest, Condition }
    })

const cases = requests.chain((request) =>
  fc.array(statementsFor(request), { minLength: 1, maxLength: 4 }).map((Statement) => ({
    request,
    policy: { Version: '2012-10-17', Statement },
  })),
)
type Case = ReturnType<typeof cases.generate>['value']

/** Why the simulator may say otherwise. Each reason must be needed. */
const REASONS: readonly { readonly why: string; readonly concerns: (given: Case) => boolean }[] = [
  {
    why:
      'The simulator takes a wildcard before the first slash or colon of the last part literally. API Gateway documents ' +
      'policies with a wildcard for the API there.',
    concerns: ({ policy }) =>
      policy.Statement.flatMap(({ Resource }) => Resource).some((resource) =>
        /^[^/:]*[*?][^/:]*[/:]/.test(resource.split(':').slice(5).join(':')),
      ),
  },
]

async function simulated({ request, policy }: Case): Promise<string> {
  const { action, resource, facts } = request
  const outcome = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:user/application`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: facts,
      },
      identityPolicies: [{ name: 'P', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  if (outcome.resultType === 'error') throw new Error(JSON.stringify({ errors: outcome.errors, request, policy }))
  return outcome.overallResult
}

test(`${RUNS} policies and requests get the verdict of another simulator of IAM, or there is a reason`, async () => {
  const sample = fc.sample(cases, { seed: SEED, numRuns: RUNS })
  const verdicts: Record<string, number> = {}
  const excused = REASONS.map(() => 0)
  const differing: unknown[] = []
  for (const given of sample) {
    const verdict = await simulated(given)
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    const { action, resource, facts } = given.request
    const context = Object.entries(facts).map(([key, value]) => [key.toLowerCase(), [value].flat()] as const)
    const statements = readStatements(given.policy, 'P')
    const isRight = isAllowed(statements, action, resource, Object.fromEntries(context)) === (verdict === 'Allowed')
    if (isRight) continue
    const reason = REASONS.findIndex(({ concerns }) => concerns(given))
    if (reason < 0) differing.push({ verdict, ...given })
    else excused[reason] = (excused[reason] ?? 0) + 1
  }
  expect(differing).toEqual([])
  // Neither side may be right by saying the same to everything.
  for (const verdict of ['Allowed', 'ExplicitlyDenied', 'ImplicitlyDenied'])
    expect(verdicts[verdict]).toBeGreaterThan(RUNS / 10)
  expect(excused.map((count) => count > 0)).toEqual(REASONS.map(() => true))
})
