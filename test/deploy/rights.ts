import { createHoldfast, type Holdfast } from '../../client/index.js'
import { isAllowed, type Statement } from '../../local/iam/permissions.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { readDeployment } from '../../local/template/deployment.js'
import { ACCOUNT_ID, REGION } from '../../local/template/resources.js'
import { apiArn } from '../../local/template/routes.js'

/** Who did what: one right that was needed. `who` is `application`, or the short name of a function. */
export interface Used {
  readonly who: string
  readonly action: string
  readonly resource: string
}

interface Cart {
  items: string[]
}

const APPLICATION = 'application'
const FUNCTIONS = ['Connection', 'Grant', 'Release']

/** Lambda itself writes what functions log; no program of ours needs these. */
const NEEDED_BY_LAMBDA = ['logs:CreateLogStream', 'logs:PutLogEvents']

/** Runs every kind of call on the stack of this folder, and returns the rights that it took. */
export async function usedRights(assembly: string): Promise<readonly Used[]> {
  await using stack = await startLocalStack({ assembly })
  const client = () =>
    createHoldfast<Cart>({ namespace: 'deploy', config: stack.config, credentials: stack.credentials })
  const [one, other] = [client(), client()]
  await useAll(stack, one, other)
  await Promise.all([one.close(), other.close()])
  const { api } = readDeployment(assembly)
  const table = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${name}`
  const ofStage = (path: string) => apiArn(api.id, `${api.stage}/${path}`)
  const requests = stack.requests.since().map(({ caller, target, operation }) => ({
    who: FUNCTIONS.find((name) => caller.includes(`Functions${name}`)) ?? caller,
    action: target === '@connections' ? 'execute-api:ManageConnections' : `dynamodb:${ofItem(operation)}`,
    resource: target === '@connections' ? ofStage('POST/@connections/any') : table(target),
  }))
  const connecting = { who: APPLICATION, action: 'execute-api:Invoke', resource: ofStage('$connect') }
  const known = [APPLICATION, ...FUNCTIONS]
  const all = [...requests, connecting].filter(({ who }) => known.includes(who))
  return [...new Map(all.map((used) => [lineOf(used), used])).values()].toSorted((a, b) =>
    lineOf(a).localeCompare(lineOf(b)),
  )
}

/** In a transaction each item needs the right that it would need alone. Ours consist of updates. */
const ofItem = (operation: string): string => (operation === 'TransactWriteItems' ? 'UpdateItem' : operation)

async function useAll(stack: LocalStack, one: Holdfast<Cart>, other: Holdfast<Cart>): Promise<void> {
  const id = await one.create({ items: [] })
  const add = (holdfast: Holdfast<Cart>) =>
    holdfast.access(id, { write: ['items'] }, ({ state }) => {
      state.items = [...(state.items ?? []), 'apple']
    })
  for (const holdfast of [one, other, one, other]) await add(holdfast)
  await other.peek(id)
  const next = await one.rotate(id)
  await other.destroy(next)
  // Each gets a connection anew, and the store forgets the ones before.
  const isBack = [one, other].map(
    (holdfast) =>
      new Promise<void>((resolve) => {
        holdfast.on('connection', ({ state }) => {
          if (state === 'connected') resolve()
        })
      }),
  )
  stack.gateway.dropAll()
  await Promise.all(isBack)
}

const lineOf = ({ who, action, resource }: Used): string => `${who} ${action} ${resource}`

/** The rights of an assembly that were used and are missing, and those that it gives and nobody used. */
export function compareRights(assembly: string, used: readonly Used[]) {
  const { functions, applicationStatements } = readDeployment(assembly)
  const statementsOf = (who: string): readonly Statement[] =>
    who === APPLICATION
      ? applicationStatements
      : (functions.find(({ logicalId }) => logicalId.includes(`Functions${who}`))?.statements ?? [])
  const missing = used
    .filter(({ who, action, resource }) => !isAllowed(statementsOf(who), action, resource))
    .map(({ who, action }) => `${who} may not ${action}`)
  const unused = [APPLICATION, ...FUNCTIONS].flatMap((who) =>
    statementsOf(who)
      .flatMap((statement) => statement.actions.map((action) => ({ ...statement, actions: [action] })))
      .filter(({ actions: [action = ''] }) => !NEEDED_BY_LAMBDA.includes(action))
      .filter((statement) => !used.some((one) => one.who === who && isAllowed([statement], one.action, one.resource)))
      .map(({ actions: [action] }) => `${who} may ${action}, and never does`),
  )
  return { missing, unused }
}
