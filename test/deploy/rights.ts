import { createHoldfast, type Holdfast } from '../../client/index.js'
import type { Context } from '../../local/iam/conditions.js'
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
  /** What IAM knows of the request. */
  readonly facts?: Context
}

interface Cart {
  items: string[]
}

const APPLICATION = 'application'
const FUNCTIONS = ['Connection', 'Grant', 'Release', 'Https']
/** One more connection than a process record names: it displaces the oldest, and the function removes its record. */
const RECONNECTIONS = 6

/** Lambda itself writes what functions log; no program of ours needs these. */
const NEEDED_BY_LAMBDA = ['logs:CreateLogStream', 'logs:PutLogEvents']

/** Runs every kind of call on the stack of this folder, and returns the rights that it took. */
export async function usedRights(assembly: string): Promise<readonly Used[]> {
  await using stack = await startLocalStack({ assembly })
  const client = (transport: 'socket' | 'https') =>
    createHoldfast<Cart>({ namespace: 'deploy', config: stack.config, credentials: stack.credentials, transport })
  const [one, other, third] = [client('socket'), client('socket'), client('https')]
  await useAll(stack, one, other)
  await useHttps(stack, one, third)
  await Promise.all([one, other, third].map((each) => each.close()))
  const { api, functionUrl } = readDeployment(assembly)
  const table = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT_ID}:table/${name}`
  const ofStage = (path: string) => apiArn(api.id, `${api.stage}/${path}`)
  const all = stack.requests.since()
  const requests = all
    .filter(({ target }) => target !== 'https')
    .map(({ caller, target, operation }) => ({
      who: FUNCTIONS.find((name) => caller.includes(`Functions${name}`)) ?? caller,
      action: target === '@connections' ? 'execute-api:ManageConnections' : `dynamodb:${ofItem(operation)}`,
      resource: target === '@connections' ? ofStage('POST/@connections/any') : table(target),
    }))
  const connecting = { who: APPLICATION, action: 'execute-api:Invoke', resource: ofStage('$connect') }
  const byUrl = { who: APPLICATION, resource: functionUrl?.function.arn ?? '' }
  const sending = [
    { ...byUrl, action: 'lambda:InvokeFunctionUrl', facts: { 'lambda:functionurlauthtype': ['AWS_IAM'] } },
    { ...byUrl, action: 'lambda:InvokeFunction', facts: { 'lambda:invokedviafunctionurl': ['true'] } },
  ].filter(() => all.some(({ target }) => target === 'https'))
  const known = [APPLICATION, ...FUNCTIONS]
  const used = [...requests, connecting, ...sending].filter(({ who }) => known.includes(who))
  return [...new Map(used.map((right) => [lineOf(right), right])).values()].toSorted((a, b) =>
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
  const isBack = [one, other].map((holdfast) => heard(holdfast, 'connected'))
  stack.gateway.dropAll()
  await Promise.all(isBack)
}

const heard = (holdfast: Holdfast<Cart>, awaited: 'connected' | 'disconnected') =>
  new Promise<void>((resolve) => {
    holdfast.on('connection', ({ state }) => {
      if (state === awaited) resolve()
    })
  })

/** A server without a connection pushes to one with a connection, and connects again. */
async function useHttps(stack: LocalStack, one: Holdfast<Cart>, third: Holdfast<Cart>): Promise<void> {
  const id = await one.create({ items: [] })
  const add = () =>
    third.access(id, { write: ['items'] }, ({ state }) => {
      state.items = [...(state.items ?? []), 'pear']
    })
  await add()
  for (let times = 0; times < RECONNECTIONS; times += 1) {
    await third.release(id)
    await stack.https.stop()
    // A request that is tried again may still find the function: its connection ends only after the last try.
    const isOut = heard(third, 'disconnected')
    const adding = add()
    await isOut
    await stack.https.start()
    await adding
  }
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
    .filter(({ who, action, resource, facts }) => !isAllowed(statementsOf(who), action, resource, facts))
    .map(({ who, action }) => `${who} may not ${action}`)
  const unused = [APPLICATION, ...FUNCTIONS].flatMap((who) =>
    statementsOf(who)
      .flatMap((statement) => statement.actions.map((action) => ({ ...statement, actions: [action] })))
      .filter(({ actions: [action = ''] }) => !NEEDED_BY_LAMBDA.includes(action))
      .filter(
        (statement) =>
          !used.some((one) => one.who === who && isAllowed([statement], one.action, one.resource, one.facts)),
      )
      .map(({ actions: [action] }) => `${who} may ${action}, and never does`),
  )
  return { missing, unused }
}
