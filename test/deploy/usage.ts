import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { createHoldfast, type Holdfast } from '../../client/index.js'
import type { Context } from '../../local/iam/conditions.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { apiArn } from '../../local/template/routes.js'
import { evict, nextIncarnation } from '../../operator/index.js'
import { GRANTEES, type Grantee, readGranted } from './grantees.js'

/** An action on a resource, with what IAM knows of the request besides. */
export interface Deed {
  readonly action: string
  readonly resource: string
  readonly facts: Context
}

/** Who did what: one right that was needed. */
export interface Used extends Deed {
  readonly who: string
}

/** The keys of the items, where it was for items. */
export const keysOf = ({ facts }: Deed): readonly string[] | undefined => facts['dynamodb:leadingkeys']

interface Cart {
  items: string[]
}

/** Runs every kind of call, as everybody who has rights, on the stack of this folder. Returns the rights that it took. */
export async function usedRights(assembly: string): Promise<readonly Used[]> {
  await using stack = await startLocalStack({ assembly })
  const used = new Map<string, Used>()
  const note = (caller: string, deed: Deed) => {
    const who = whoIs(caller)
    if (who !== undefined) used.set(lineOf({ who, ...deed }), { who, ...deed })
  }
  const connected: string[] = []
  // A request that comes so far was allowed.
  stack.dynamodb.inject({
    beforeForward: ({ caller, needs }) => {
      for (const { action, resource, keys } of needs) {
        note(caller, { action, resource, facts: itemFacts(keys) })
        if (whoIs(caller) === 'Connection') connected.push(...(keys ?? []).filter((key) => key.startsWith(PROCESS)))
      }
      return undefined
    },
  })
  const { api, functionArn: resource } = readGranted(assembly)
  const ofStage = (path: string) => apiArn(api.id, `${api.stage}/${path}`)
  const noteConnections = () => {
    for (const { userArn } of stack.gateway.connections())
      note(userArn ?? '', { action: 'execute-api:Invoke', resource: ofStage('$connect'), facts: {} })
  }
  await useAll(stack, noteConnections, async (credentials) => {
    const processKey = connected.at(-1) ?? ''
    const { locksTable, config } = stack
    const { region, dynamoDbEndpoint } = config
    const options = { locksTable, region, dynamoDbEndpoint, credentials }
    const eviction = await evict(processKey.slice(PROCESS.length), options)
    if (eviction === undefined) throw new Error(`no process has the key '${processKey}'`)
    await nextIncarnation(options)
    // As the commands find processes.
    const client = new DynamoDBClient({ region, endpoint: dynamoDbEndpoint as string, credentials })
    await client.send(new ScanCommand({ TableName: locksTable })).finally(() => client.destroy())
  })
  for (const { caller, target, operation, outcome } of stack.requests.since()) {
    if (outcome === 'AccessDeniedException') continue
    if (target === '@connections') {
      const connection = ofStage(`${operation}/@connections/any`)
      note(caller, { action: 'execute-api:ManageConnections', resource: connection, facts: {} })
    }
    if (target === 'https') for (const deed of BY_URL) note(caller, { ...deed, resource })
  }
  return [...used.values()].toSorted((a, b) => lineOf(a).localeCompare(lineOf(b)))
}

/** Both rights that AWS asks for. */
const BY_URL: readonly Omit<Deed, 'resource'>[] = [
  { action: 'lambda:InvokeFunctionUrl', facts: { 'lambda:functionurlauthtype': ['AWS_IAM'] } },
  { action: 'lambda:InvokeFunction', facts: { 'lambda:invokedviafunctionurl': ['true'] } },
]

export const itemFacts = (keys: readonly string[] | undefined): Context => ({ 'dynamodb:leadingkeys': keys })

/** The beginning of a key, up to the first `#`: a namespace, or a kind of record. */
const prefixOf = (key: string): string => key.replace(/#.*$/, '#')

/** By the name or the ARN that the local stack knows a caller by. */
const whoIs = (name: string): string | undefined =>
  GRANTEES.find(({ caller }) =>
    caller.startsWith('Functions') ? name.includes(caller) : name === caller || name.endsWith(`:user/${caller}`),
  )?.who

export function lineOf(used: Used): string {
  const { who, action, resource } = used
  const keys = keysOf(used) ?? []
  return [who, action, resource.replace(/^([^:]+:){5}/, ''), ...keys.map((key) => `${prefixOf(key)}…`)].join(' ')
}

const PROCESS = 'P#'

async function useAll(
  stack: LocalStack,
  noteConnections: () => void,
  operate: (credentials: LocalStack['credentials']) => Promise<void>,
): Promise<void> {
  const as = (who: string) => {
    const { caller } = GRANTEES.find((one) => one.who === who) as Grantee
    return stack.addApplication(caller)
  }
  const client = (namespace: string, transport: 'socket' | 'https', credentials = stack.credentials) =>
    createHoldfast<Cart>({ namespace, config: stack.config, credentials, transport })
  const [shop, importer] = [as('Shop'), as('Import')]
  const pairs = [
    [client('deploy', 'socket'), client('deploy', 'socket')],
    [client('shop', 'socket', shop), client('shop', 'https', shop)],
    [client('shared', 'socket', shop), client('shared', 'https', shop)],
    [client('import', 'socket', importer), client('import', 'https', importer)],
  ] as const
  for (const pair of pairs) await useSession(...pair)
  noteConnections()
  const third = client('deploy', 'https')
  const [[one, other]] = pairs
  await reconnect(stack, [one, other])
  await useHttps(stack, one, third)
  await operate(as('Operators'))
  await Promise.all([third, ...pairs.flat()].map((holdfast) => holdfast.close()))
}

async function useSession(one: Holdfast<Cart>, other: Holdfast<Cart>): Promise<void> {
  const id = await one.create({ items: [] })
  for (const holdfast of [one, other, one, other]) await add(holdfast, id)
  await other.peek(id)
  const next = await one.rotate(id)
  await other.destroy(next)
}

const add = (holdfast: Holdfast<Cart>, id: string) =>
  holdfast.access(id, { write: ['items'] }, ({ state }) => {
    state.items = [...(state.items ?? []), 'apple']
  })

/** Each gets a connection anew, and the store forgets the ones before. */
async function reconnect(stack: LocalStack, clients: readonly Holdfast<Cart>[]): Promise<void> {
  const isBack = clients.map((holdfast) => heard(holdfast, 'connected'))
  stack.gateway.dropAll()
  await Promise.all(isBack)
}

const heard = (holdfast: Holdfast<Cart>, awaited: 'connected' | 'disconnected') =>
  new Promise<void>((resolve) => {
    holdfast.on('connection', ({ state }) => {
      if (state === awaited) resolve()
    })
  })

/** One more connection than a process record names: it displaces the oldest, and the function removes its record. */
const RECONNECTIONS = 6

/** A server without a connection pushes to one with a connection, and connects again. */
async function useHttps(stack: LocalStack, one: Holdfast<Cart>, third: Holdfast<Cart>): Promise<void> {
  const id = await one.create({ items: [] })
  await add(third, id)
  for (let times = 0; times < RECONNECTIONS; times += 1) {
    await third.release(id)
    await stack.https.stop()
    // A request that is tried again may still find the function: its connection ends only after the last try.
    const isOut = heard(third, 'disconnected')
    const adding = add(third, id)
    await isOut
    await stack.https.start()
    await adding
  }
}
