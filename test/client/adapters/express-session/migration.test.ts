import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import express, { type Express } from 'express'
import expressSession from 'express-session'
import { session } from '../../../../client/adapters/express-session/index.js'
import { createHoldfast, type Holdfast } from '../../../../client/index.js'
import { type LocalStack, startLocalStack } from '../../../../local/index.js'
import { Browser, SECRET, type Shop, type Site, Sites } from './shop.js'

const USERS = 100
const USERS_AT_ONCE = 20
const ADDS = 6
const TABLE = 'connect-sessions'
const OPTIONS = { secret: SECRET, resave: false, saveUninitialized: false, cookie: { maxAge: 86_400_000 } }

const sites = new Sites()
const clients: Holdfast<Shop>[] = []
let stack: LocalStack
let dynamodb: DynamoDBClient

beforeAll(async () => {
  stack = await startLocalStack()
  const { config, adminCredentials: credentials } = stack
  dynamodb = new DynamoDBClient({
    endpoint: config.dynamoDbEndpoint,
    region: config.region,
    credentials,
  })
  const creation = new CreateTableCommand({
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  })
  await dynamodb.send(creation)
}, 90_000)

afterAll(async () => {
  await sites.stop()
  await Promise.all(clients.map((client) => client.close()))
  dynamodb?.destroy()
  await stack?.stop()
})

const oldStore = () => new (connectDynamoDb(expressSession))({ client: dynamodb, table: TABLE, initialized: true })

const routes = (app: Express): void => {
  app.post('/login/:user', (req, res) => {
    req.session.user = req.params.user
    req.session.items = ['before']
    res.send('in')
  })
  app.post('/add/:item', (req, res) => {
    req.session.items = [...(req.session.items ?? []), req.params.item]
    res.send(req.session.user ?? 'nobody')
  })
  app.get('/session', (req, res) => void res.json({ user: req.session.user, items: req.session.items?.toSorted() }))
}

function newClient(): Holdfast<Shop> {
  const { config, credentials } = stack
  const client = createHoldfast<Shop>({ namespace: 'shop', config, credentials })
  clients.push(client)
  return client
}

function newServer(): Promise<Site> {
  const holdfast = newClient()
  const app = express()
  // Long enough for a loaded machine: no request may be told that its session is busy.
  app.use(session({ holdfast, fallback: oldStore(), timeoutMs: 60_000, ...OPTIONS }))
  return sites.serve(app, holdfast, routes)
}

test(`${USERS} sessions of connect-dynamodb are taken over while requests for them run on two servers`, async () => {
  const before = express()
  before.use(expressSession({ store: oldStore(), ...OPTIONS }))
  const old = await sites.serve(before, newClient(), routes)
  const users = await Promise.all(
    Array.from({ length: USERS }, async (_, n) => {
      const browser = new Browser()
      await browser.text(`${old.url}/login/user-${n}`, { method: 'POST' })
      return { name: `user-${n}`, browser }
    }),
  )

  const servers = [await newServer(), await newServer()]
  for (let first = 0; first < USERS; first += USERS_AT_ONCE) {
    const adds = users.slice(first, first + USERS_AT_ONCE).flatMap(({ name, browser }) =>
      Array.from({ length: ADDS }, async (_, item) => {
        const url = `${servers[item % 2]?.url}/add/${item}`
        expect(await browser.clone().text(url, { method: 'POST' })).toBe(name)
      }),
    )
    await Promise.all(adds)
  }

  const items = [...Array.from({ length: ADDS }, (_, item) => String(item)), 'before']
  for (const [n, { name, browser }] of users.entries()) {
    const cookie = browser.cookieHeader()
    expect(JSON.parse(await browser.text(`${servers[n % 2]?.url}/session`))).toEqual({ user: name, items })
    expect(browser.cookieHeader()).toBe(cookie)
    // The way back: the old application still has what it had.
    expect(JSON.parse(await browser.text(`${old.url}/session`))).toEqual({ user: name, items: ['before'] })
  }
  expect(servers.flatMap(({ errors }) => errors)).toEqual([])
}, 90_000)
