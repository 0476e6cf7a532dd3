import { timingSafeEqual } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyReply, type FastifyRequest, type Session } from 'fastify'
import { holdfastSession } from '../../client/adapters/fastify/index.js'
import { createHoldfast } from '../../client/index.js'
import { help } from '../express/help.js'
import { serve } from '../shop/serve.js'
import type { ShopSession } from '../shop/shop.js'

/**
 * One server of a small shop on Fastify: `request.session` as @fastify/session has it, under a lock. Requests of one
 * visitor may overlap, on this server and on others.
 */
declare module 'fastify' {
  interface Session {
    user?: string
    cart?: ShopSession['cart']
    message?: string
  }
}

const REMEMBERED_MS = 30 * 86_400_000
const TICK_MS = 1_000

const holdfast = createHoldfast<Omit<Session, 'cookie'>>({ namespace: 'fastify-shop' })

const app = Fastify({ bodyLimit: 10_000 })
app.setReplySerializer((payload) => `${JSON.stringify(payload)}\n`)
await app.register(cookie)
await app.register(holdfastSession, {
  holdfast,
  secret: process.env.SESSION_SECRET ?? 'only for this example, which runs on one machine',
  saveUninitialized: false,
  // Behind TLS leave `secure` out: it is true by default. Behind a load balancer set Fastify's `trustProxy`, too.
  cookie: { httpOnly: true, sameSite: 'lax', secure: false },
})

/** In place of a real check: every name has the password 'secret'. */
const isPassword = (password: unknown): boolean => {
  const [given, right] = [Buffer.from(String(password)), Buffer.from('secret')]
  return given.length === right.length && timingSafeEqual(given, right)
}

const loggedIn = async (request: FastifyRequest, reply: FastifyReply) => {
  if (request.session.user === undefined) return reply.code(401).send({ error: 'log in first' })
}

app.get('/', (request, reply) => reply.type('text/plain').send(help(`http://${request.headers.host}`)))

app.post('/login', async (request, reply) => {
  const { name, password, remember } = (request.body ?? {}) as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !isPassword(password)) {
    return reply.code(401).send({ error: 'expected a JSON body such as {"name":"Ada","password":"secret"}' })
  }
  // A new id: who knew the one from before the login has nothing of what comes after it.
  await request.session.regenerate(['cart'])
  request.session.user = name
  request.session.message = `welcome, ${name}`
  // The lifetime in the store, too. Otherwise the cookie ends with the browser.
  if (remember === true) request.session.cookie.maxAge = REMEMBERED_MS
  // It leaves when the session is stored: any server then finds it.
  return reply.redirect('/account', 303)
})

app.get('/account', { preHandler: loggedIn }, async ({ session }) => {
  const { user, cart, message } = session
  delete session.message
  return { user, cart: cart?.items ?? [], messages: message === undefined ? [] : [message] }
})

app.post('/logout', async (request, reply) => {
  await request.session.destroy()
  return reply.clearCookie('sessionId').redirect('/cart', 303)
})

app.post<{ Params: { item: string } }>('/cart/:item', async ({ session, params }) => {
  session.cart ??= { items: [] }
  session.cart.items.push(params.item)
  return { items: session.cart.items.length }
})

app.get('/cart', async ({ session }) => ({ cart: session.cart?.items ?? [] }))

/** An event for each tick, until the client is gone: Node.js then ends the generator. */
async function* cartSizes(id: string) {
  for (;;) {
    const items = (await holdfast.peek(id))?.state.cart?.items.length ?? 0
    yield `data: ${JSON.stringify({ items })}\n\n`
    await pause(TICK_MS)
  }
}

// With these headers the session goes back: the stream keeps nobody waiting, for as long as it runs.
app.get('/events', (request, reply) =>
  reply
    .type('text/event-stream')
    .header('cache-control', 'no-store')
    .send(Readable.from(cartSizes(request.session.sessionId))),
)

await app.ready()
let grants = 0
holdfast.on('granted', () => {
  grants += 1
})
serve((request, response) => app.routing(request, response), {
  standing: () => ({ held: holdfast.health().heldSessions, waiting: holdfast.health().waitingSessions, grants }),
  close: () => holdfast.close({ drainMs: 2_000 }),
})
