import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import express from 'express'
import session from 'express-session'
import { answerTheRest, jsonLines } from '../shop/answers.js'
import { meterWaits } from '../shop/meter.js'
import { serve } from '../shop/serve.js'
import { help, NAME_EXPECTED, nameIn, type ShopSession, VIEWED_MAX } from '../shop/shop.js'

/**
 * The same shop on express-session with connect-dynamodb, as their documentation has it: each request loads the
 * session, and writes it back if it has changed.
 */
declare module 'express-session' {
  interface SessionData extends Partial<ShopSession> {}
}

const server = process.env.SERVER_NAME ?? 'shop'
const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })
const Store = connectDynamoDb(session)

const app = express()
app.disable('x-powered-by')
app.use(jsonLines)
app.use(meterWaits)
app.use(
  session({
    store: new Store({ client, table: process.env.SESSIONS_TABLE ?? '', initialized: true }),
    secret: 'only for this demo',
    // The store has `touch`, so an unchanged session need not be saved.
    resave: false,
    // The shop of the other side gives every visitor a session, too.
    saveUninitialized: true,
    cookie: { maxAge: 86_400_000, sameSite: 'lax' },
  }),
)

app.get('/', (request, response) => {
  response.type('text/plain').send(help(`http://${request.headers.host}`))
})

app.post('/cart/:item', (request, response) => {
  request.session.cart ??= { items: [] }
  request.session.cart.items.push(request.params.item)
  response.json({ server, items: request.session.cart.items.length })
})

app.get('/cart', (request, response) => {
  response.json({ server, cart: request.session.cart?.items ?? [] })
})

app.put('/profile', express.json({ limit: '10kb' }), (request, response) => {
  const name = nameIn(request.body)
  if (name === undefined) return void response.status(400).json({ error: NAME_EXPECTED })
  request.session.profile = { name }
  response.json({ server, profile: { name } })
})

app.get('/profile', (request, response) => {
  response.json({ server, profile: request.session.profile ?? null })
})

app.post('/viewed/:item', (request, response) => {
  request.session.viewed = [request.params.item, ...(request.session.viewed ?? [])].slice(0, VIEWED_MAX)
  response.json({ server, viewed: request.session.viewed })
})

app.get('/session', (request, response) => {
  const { cart, profile, viewed } = request.session
  response.json({ server, session: { cart, profile, viewed } })
})

app.delete('/session', (request, response, next) => {
  request.session.destroy((error?: unknown) => {
    if (error !== undefined && error !== null) return next(error)
    response.clearCookie('connect.sid').json({ server, destroyed: true })
  })
})
answerTheRest(app)

serve(app, {
  standing: () => ({ held: 0, waiting: 0, grants: 0 }),
  close: () => Promise.resolve(),
})
