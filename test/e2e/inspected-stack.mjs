// A local stack with the inspector's page, the shop on three servers, and two clients of its own. It does what its parent
// says, one command at a time.
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { createHoldfast } from 'holdfast'
import { ShopPlay } from '../../dist/esm/examples/shop/play/shop-play.js'
import { ServerProcess, SHOP_SERVER } from '../../dist/esm/examples/shop/processes.js'
import { startLocalStack } from '../../dist/esm/local/index.js'

const { timing = {}, servers: count = 3, dynamoDbLocal } = JSON.parse(process.argv[2] ?? '{}')
const environment = { HOLDFAST_TIMING: JSON.stringify(timing) }
const stack = await startLocalStack({ inspector: true, dynamoDbLocal, environment })
const { config, credentials, adminCredentials, locksTable } = stack
const names = Array.from({ length: count }, (_, index) => `server-${index + 1}`)
const servers = await Promise.all(names.map((name) => ServerProcess.start(SHOP_SERVER, name, 0, stack.env)))
const play = new ShopPlay(stack, SHOP_SERVER, servers)

const clients = new Map()
const grants = []

function clientOf(label, transport) {
  const known = clients.get(label)
  if (known !== undefined) return known
  const made = createHoldfast({ namespace: 'inspected', label, config, credentials, transport })
  made.on('granted', ({ session, epoch }) => grants.push({ label, session, epoch }))
  clients.set(label, made)
  return made
}

const commands = {
  offer: async () => play.show(),
  access: async ({ label, id, transport }) => {
    await clientOf(label, transport).access(id, 'all', ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })
  },
  grants: async () => grants,
  record: async ({ session }) => {
    const client = new DynamoDBClient({
      endpoint: config.dynamoDbEndpoint,
      region: config.region,
      credentials: adminCredentials,
    })
    const { Item } = await client.send(
      new GetItemCommand({ TableName: locksTable, Key: { pk: { S: `S#${session}` } }, ConsistentRead: true }),
    )
    client.destroy()
    return { epoch: Number(Item?.epoch.N), holder: Item?.holder.M.p.S }
  },
  write: ({ file }) => stack.inspector.writeTimeline(file),
  stop: async () => {
    play.end()
    await Promise.all([...clients.values()].map((client) => client.close()))
    await Promise.all(play.servers.map((server) => server.kill()))
    await stack.stop()
  },
}

process.on('message', ({ command, n, ...rest }) => {
  const answer = (fields) => process.send({ n, ...fields }, () => command === 'stop' && process.disconnect())
  commands[command](rest).then(
    (value) => answer({ value }),
    (error) => answer({ error: error.message }),
  )
})
// The stack ends with its parent, as soon as it is gone.
const alive = setInterval(() => {}, 60_000)
process.on('disconnect', () => {
  clearInterval(alive)
  for (const server of play.servers) server.signal('SIGKILL')
  process.exit()
})
process.send({ event: 'ready', address: stack.inspector.address })
