import { matches } from '../../local/iam/patterns.js'
import { isAllowed } from '../../local/iam/permissions.js'
import { ACCOUNT_ID, REGION } from '../../local/template/resources.js'
import { apiArn } from '../../local/template/routes.js'
import { type Grantee, readGranted } from './grantees.js'
import { isExplained } from './unused.js'
import { type Deed, itemFacts, keysOf, type Used } from './usage.js'

type Read = ReturnType<typeof readGranted>

/** One right of a policy: an action on a resource, for keys of one pattern where it is not for all. */
export interface Granted {
  readonly who: string
  readonly action: string
  readonly resource: string
  readonly keys: string | undefined
}

/** The rights of this assembly one by one, but those that are explained. */
export const grantedBy = (assembly: string): readonly Granted[] => grantedIn(readGranted(assembly))

const grantedIn = ({ all }: Read): readonly Granted[] =>
  all.flatMap(({ grantee: { who }, statements }) =>
    statements.flatMap(({ actions, resources, conditions }) => {
      const patterns = conditions.find(({ operator }) => operator === 'StringLike')?.values ?? [undefined]
      return actions
        .filter((action) => !isExplained(action))
        .flatMap((action) => resources.map((resource) => ({ who, action, resource })))
        .flatMap((right) => patterns.map((keys) => ({ ...right, keys })))
    }),
  )

/** All that is wrong with the rights of an assembly, where these were used. */
export function wrongRights(assembly: string, used: readonly Used[]): readonly string[] {
  const read = readGranted(assembly)
  const others = strange(read, used)
  const problems = read.all.flatMap(({ grantee, statements }) => {
    const { who } = grantee
    const can = ({ action, resource, facts }: Deed) => isAllowed(statements, action, resource, facts)
    const own = used.filter((one) => one.who === who)
    const isOwn = ({ action, resource }: Deed) => own.some((one) => one.action === action && one.resource === resource)
    return [
      ...own.filter((one) => !can(one)).map(({ action }) => `${who} may not ${action}`),
      ...[...others.filter((one) => !isOwn(one)), ...outside(read, grantee, own)]
        .filter(can)
        .map((one) => excess({ ...one, who, keys: keysOf(one)?.join(' ') })),
    ]
  })
  const unused = grantedIn(read).filter((right) => !used.some((one) => isUseOf(one, right)))
  return [...new Set([...problems, ...unused.map(excess)])]
}

const excess = ({ who, action, resource, keys = '' }: Granted): string =>
  `${who} may ${action}, and never does: ${resource} ${keys}`.trim()

function isUseOf(used: Used, { who, action, resource, keys }: Granted): boolean {
  const statement = { effect: 'Allow', actions: [action], resources: [resource], conditions: [] } as const
  const isOfKeys = keys === undefined || keysOf(used)?.every((key) => matches(keys, key)) === true
  return used.who === who && isOfKeys && isAllowed([statement], used.action, used.resource)
}

/** What others do, and what nobody does: without keys, since it is meant for all items. */
function strange({ api, tables }: Read, used: readonly Used[]): readonly Deed[] {
  const onTables = tables.flatMap(({ name }) =>
    ['Scan', 'Query', 'PutItem', 'DeleteItem', 'BatchGetItem', 'DeleteTable'].map((operation) => ({
      action: `dynamodb:${operation}`,
      resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${name}`,
    })),
  )
  const pushes = ['POST', 'GET', 'DELETE'].map((method) => ({
    action: 'execute-api:ManageConnections',
    resource: apiArn(api.id, `${api.stage}/${method}/@connections/any`),
  }))
  const connections = [
    apiArn(api.id, `${api.stage}/acquire`),
    apiArn(api.id, 'dev/$connect'),
    apiArn('another', `${api.stage}/$connect`),
  ].map((resource) => ({ action: 'execute-api:Invoke', resource }))
  return [...used, ...onTables, ...pushes, ...connections].map((deed) => ({ facts: {}, ...deed }))
}

/** What nobody may do: other ways to the function of the URL, and what it does with keys that it has no right to. */
function outside({ functionArn: resource }: Read, { only }: Grantee, own: readonly Used[]): readonly Deed[] {
  const aside = [
    { action: 'lambda:InvokeFunction', resource, facts: {} },
    { action: 'lambda:InvokeFunctionUrl', resource, facts: { 'lambda:functionurlauthtype': ['NONE'] } },
  ]
  if (only === undefined) return aside
  // Also keys that only begin like its own.
  const foreign = ['other#1', 'S#1', ...only.map((prefix) => prefix.replace('#', 's#1'))]
  const onItems = own.filter((deed) => keysOf(deed) !== undefined)
  return [...aside, ...onItems.flatMap((deed) => foreign.map((key) => ({ ...deed, facts: itemFacts([key]) })))]
}
