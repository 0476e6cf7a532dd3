import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import express from 'express'
import session from 'express-session'
import { serve } from './serve.js'
import { type ShopSession, VIEWED_MAX } from './shop.js'

/** The same shop on express-session with connect-dynamodb: each request loads the session and writes it back. */
declare module 'express-session' {
  interface SessionData extends Partial<ShopSession> {}
}

const server = process.env.SERVER_NAME ?? 'shop'
const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })
const Store = connectDynamoDb(session)

const app = express()
app.disable('x-powered-by')
app.use(
  session({
    store: new Store({ client, table: process.env.SESSIONS_TABLE ?? '', initialized: true }),
    secret: 'only for this demo',
    resave: false,
    saveUninitialized: true,
    cookie: { maxAge: 86_400_000 },
  }),
)

app.post('/cart/:item', (request, response) => {
  request.session.cart ??= { items: [] }
  request.session.cart.items.push(request.params.item)
  response.json({ server, items: request.session.cart.items.length })
})

app.get('/cart', (request, response) => {
  response.json({ server, cart: request.session.cart?.items ?? [] })
})

app.post('/viewed/:item', (request, response) => {
  request.session.viewed = [request.params.item, ...(request.session.viewed ?? [])].slice(0, VIEWED_MAX)
  response.json({ server, viewed: request.session.viewed })
})

app.get('/profile', (request, response) => {
  response.json({ server, profile: request.session.profile ?? null })
})

serve(app, {
  standing: () => ({ held: 0, waiting: 0, handoffs: 0 }),
  close: () => Promise.resolve(client.destroy()),
})
