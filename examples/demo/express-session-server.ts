import { promisify } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import session from 'express-session'
import type { ShopSession } from '../shop/shop.js'
import { comparedApp, serveRoutes } from './routes.js'

/**
 * The same shop on express-session with connect-dynamodb, as their documentation has it: each request loads the
 * session, and writes it back at its end if it has changed.
 */
declare module 'express-session' {
  interface SessionData extends Partial<ShopSession> {}
}

const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })
const Store = connectDynamoDb(session)

const app = comparedApp()
app.use(
  session({
    store: new Store({ client, table: process.env.SESSIONS_TABLE ?? '', initialized: true }),
    secret: 'only for this demo',
    // The store has `touch`, so an unchanged session need not be saved.
    resave: false,
    // The shop on Holdfast gives every visitor a session, too.
    saveUninitialized: true,
    cookie: { maxAge: 86_400_000, sameSite: 'lax' },
  }),
)

serveRoutes(app, {
  load: async (request) => request.session,
  // The middleware does it before the answer leaves.
  save: async () => {},
  destroy: async ({ session: ending }, response) => {
    await promisify(ending.destroy.bind(ending))()
    response.clearCookie('connect.sid')
  },
})
