import { timingSafeEqual } from 'node:crypto'
import flash from 'connect-flash'
import express, { type RequestHandler } from 'express'
import type { SessionData as Stored } from 'express-session'
import { session } from '../../client/adapters/express-session/index.js'
import { createHoldfast } from '../../client/index.js'
import { answerTheRest, jsonLines } from '../shop/answers.js'
import { serve } from '../shop/serve.js'
import type { ShopSession } from '../shop/shop.js'
import { help } from './help.js'

/**
 * One server of a small shop on Express: `req.session` as express-session has it, under a lock. Requests of one visitor
 * may overlap, on this server and on others.
 */
declare module 'express-session' {
  interface SessionData {
    user: string
  }
  interface SessionData extends Partial<Pick<ShopSession, 'cart'>> {}
}

const REMEMBERED_MS = 30 * 86_400_000
const TICK_MS = 1_000

const holdfast = createHoldfast<Omit<Stored, 'cookie'>>({ namespace: 'express-shop' })

const app = express()
app.disable('x-powered-by')
app.use(jsonLines)
// Before the session: neither a health check nor a client that sends its body slowly keeps a session from others.
app.get('/health', (_request, response) => void response.json({ ok: true }))
app.use(express.json({ limit: '10kb' }))
app.use(
  session({
    holdfast,
    secret: process.env.SESSION_SECRET ?? 'only for this example, which runs on one machine',
    // Behind TLS, add `secure: true`, and `app.set('trust proxy', 1)` behind a load balancer.
    cookie: { httpOnly: true, sameSite: 'lax' },
  }),
)
app.use(flash())

/** In place of a real check: every name has the password 'secret'. */
const isPassword = (password: unknown): boolean => {
  const [given, right] = [Buffer.from(String(password)), Buffer.from('secret')]
  return given.length === right.length && timingSafeEqual(given, right)
}

const loggedIn: RequestHandler = (request, response, next) => {
  if (request.session.user === undefined) response.status(401).json({ error: 'log in first' })
  else next()
}

app.get('/', (request, response) => {
  response.type('text/plain').send(help(`http://${request.headers.host}`))
})

app.post('/login', (request, response, next) => {
  const { name, password, remember } = (request.body ?? {}) as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || !isPassword(password)) {
    return void response.status(401).json({ error: 'expected a JSON body such as {"name":"Ada","password":"secret"}' })
  }
  const { cart } = request.session
  // A new id: who knew the one from before the login has nothing of what comes after it.
  request.session.regenerate((error?: unknown) => {
    if (error !== undefined && error !== null) return next(error)
    request.session.user = name
    if (cart !== undefined) request.session.cart = cart
    // The lifetime in the store, too. Otherwise the cookie ends with the browser.
    if (remember === true) request.session.cookie.maxAge = REMEMBERED_MS
    request.flash('info', `welcome, ${name}`)
    // It leaves when the session is stored: any server then finds it.
    response.redirect(303, '/account')
  })
})

app.get('/account', loggedIn, (request, response) => {
  response.json({
    user: request.session.user,
    cart: request.session.cart?.items ?? [],
    messages: request.flash('info'),
  })
})

app.post('/logout', (request, response, next) => {
  request.session.destroy((error?: unknown) => {
    if (error !== undefined && error !== null) return next(error)
    response.clearCookie('connect.sid').redirect(303, '/cart')
  })
})

app.post('/cart/:item', (request, response) => {
  request.session.cart ??= { items: [] }
  request.session.cart.items.push(request.params.item)
  response.json({ items: request.session.cart.items.length })
})

app.get('/cart', (request, response) => {
  response.json({ cart: request.session.cart?.items ?? [] })
})

app.get('/events', (request, response) => {
  // With these headers the session goes back: the stream keeps nobody waiting, for as long as it runs.
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const show = async () => {
    const items = (await holdfast.peek(request.sessionID))?.state.cart?.items.length ?? 0
    response.write(`data: ${JSON.stringify({ items })}\n\n`)
  }
  const timer = setInterval(() => void show().catch(() => response.destroy()), TICK_MS)
  response.once('close', () => clearInterval(timer))
  void show().catch(() => response.destroy())
})

answerTheRest(app)

let grants = 0
holdfast.on('granted', () => {
  grants += 1
})
serve(app, {
  standing: () => ({ held: holdfast.health().heldSessions, waiting: holdfast.health().waitingSessions, grants }),
  close: () => holdfast.close({ drainMs: 2_000 }),
})
