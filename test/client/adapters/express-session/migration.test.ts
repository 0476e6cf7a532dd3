import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { timesEffort } from '../../../support/effort.js'
import { OLD_TABLE, ServerProcesses } from './server-processes.js'
import { Browser } from './shop.js'

const USERS = timesEffort(20)
const USERS_AT_ONCE = 20
const ADDS = 6
const POST = { method: 'POST' }
const OPTIONS = { cookie: { maxAge: 86_400_000 } }

const servers = new ServerProcesses()

beforeAll(async () => {
  const { config, adminCredentials: credentials } = servers.suite.stack
  const { dynamoDbEndpoint: endpoint, region } = config
  const dynamodb = new DynamoDBClient({ endpoint, region, credentials })
  await dynamodb.send(
    new CreateTableCommand({
      TableName: OLD_TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  )
  dynamodb.destroy()
})

test(`${USERS} sessions of connect-dynamodb are taken over while requests for them run on two processes`, async () => {
  const old = await servers.serve('shop', OPTIONS, 'connect-dynamodb')
  const users = await Promise.all(
    Array.from({ length: USERS }, async (_, n) => {
      const browser = new Browser()
      await browser.text(old.at(n, `/login/user-${n}`), POST)
      await browser.text(old.at(n + 1, '/add/before'), POST)
      return { name: `user-${n}`, browser }
    }),
  )

  // Long enough for a loaded machine: no request may be told that its session is busy.
  const options = { ...OPTIONS, timeoutMs: 60_000 }
  const pages = await servers.serve('shop', options, 'Holdfast, with connect-dynamodb before')
  for (let first = 0; first < USERS; first += USERS_AT_ONCE) {
    const adds = users.slice(first, first + USERS_AT_ONCE).flatMap(({ name, browser }) =>
      Array.from({ length: ADDS }, async (_, item) => {
        expect(await browser.clone().text(pages.at(item, `/add/${item}`), POST)).toBe(name)
      }),
    )
    await Promise.all(adds)
  }

  const items = [...Array.from({ length: ADDS }, (_, item) => String(item)), 'before']
  for (const [n, { name, browser }] of users.entries()) {
    const cookie = browser.cookieHeader()
    expect(JSON.parse(await browser.text(pages.at(n, '/session')))).toEqual({ user: name, items })
    expect(browser.cookieHeader()).toBe(cookie)
    // The way back: the old application still has what it had.
    expect(JSON.parse(await browser.text(old.at(n, '/session')))).toEqual({ user: name, items: ['before'] })
  }
  expect(await servers.errors()).toEqual([])
}, 300_000)
