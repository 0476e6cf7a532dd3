import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { createClient } from 'redis'
import { OPTIONS, serveCart } from './cart.js'

/** Before: express-session with connect-redis, as their documentation has it. */
const client = createClient({ socket: { path: process.env.REDIS_SOCKET ?? '', tls: false } })
await client.connect()
const store = new RedisStore({ client })

serveCart(session({ store, ...OPTIONS }), () => client.close())
