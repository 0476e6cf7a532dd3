import { randomBytes } from 'node:crypto'
import express, { type NextFunction, type Request, type Response } from 'express'
import { createHoldfast, HoldfastError, type LockedState, type NameOf } from '../../client/index.js'
import { serve } from './serve.js'
import { help, type ShopSession, VIEWED_MAX } from './shop.js'

/**
 * One application server of the shop. Every request is one access under the locks that it needs, so that requests of
 * one visitor may overlap, on this server or on several, and lose nothing.
 */
const server = process.env.SERVER_NAME ?? 'shop'
const holdfast = createHoldfast<ShopSession>({ namespace: 'shop', label: server })

const COOKIE = 'shop-session'
const COOKIE_OPTIONS = { httpOnly: true, sameSite: 'lax' } as const

/** The visitor's session id, from the cookie. A new visitor gets a new one: 256 random bits, since it is a secret. */
function sessionId(request: Request, response: Response): string {
  const cookie = /(?:^|;\s*)shop-session=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1]
  if (cookie !== undefined) return cookie
  const id = randomBytes(32).toString('base64url')
  response.cookie(COOKIE, id, COOKIE_OPTIONS)
  return id
}

/** For the demo's figures: under which grant this server served each visitor last. */
const epochs = new Map<string, number>()

/** One access to the visitor's session. The header `x-session` says whether the session was on this server already. */
function visit<T, const W extends NameOf<ShopSession> = never, const R extends NameOf<ShopSession> = never>(
  request: Request,
  response: Response,
  locks: { readonly write?: readonly W[]; readonly read?: readonly R[] },
  work: (state: LockedState<ShopSession, W, R>) => T,
): Promise<T> {
  const id = sessionId(request, response)
  return holdfast.access(id, locks, (session) => {
    response.set('x-session', epochs.get(id) === session.epoch ? 'kept' : 'handed over')
    epochs.set(id, session.epoch)
    return work(session.state)
  })
}

const app = express()
app.disable('x-powered-by')
app.use(express.json({ limit: '10kb' }))

app.get('/', (request, response) => {
  response.type('text/plain').send(help(`http://${request.headers.host}`))
})

app.post('/cart/:item', async (request, response) => {
  const items = await visit(request, response, { write: ['cart'] }, (state) => {
    state.cart ??= { items: [] }
    state.cart.items.push(request.params.item)
    return state.cart.items.length
  })
  response.json({ server, items })
})

app.get('/cart', async (request, response) => {
  const cart = await visit(request, response, { read: ['cart'] }, (state) => state.cart?.items ?? [])
  response.json({ server, cart })
})

app.put('/profile', async (request, response) => {
  const name: unknown = request.body?.name
  if (typeof name !== 'string' || name === '') {
    response.status(400).json({ error: 'expected a JSON body such as {"name":"Ada"}' })
    return
  }
  await visit(request, response, { write: ['profile'] }, (state) => {
    state.profile = { name }
  })
  response.json({ server, profile: { name } })
})

app.get('/profile', async (request, response) => {
  const profile = await visit(request, response, { read: ['profile'] }, (state) => state.profile ?? null)
  response.json({ server, profile })
})

app.post('/viewed/:item', async (request, response) => {
  const viewed = await visit(request, response, { write: ['viewed'] }, (state) => {
    state.viewed = [request.params.item, ...(state.viewed ?? [])].slice(0, VIEWED_MAX)
    return state.viewed
  })
  response.json({ server, viewed })
})

app.get('/session', async (request, response) => {
  const session = await holdfast.access(sessionId(request, response), { all: 'read' }, ({ state }) => ({ ...state }))
  response.json({ server, session })
})

app.delete('/session', async (request, response) => {
  await holdfast.destroy(sessionId(request, response))
  response.clearCookie(COOKIE, COOKIE_OPTIONS).json({ server, session: null })
})

/** A failed access had no effect, unless it says otherwise: the visitor may be told to try again. */
app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (response.headersSent || !(error instanceof HoldfastError)) return next(error)
  if (error.retryable) response.set('retry-after', '1')
  response.status(error.retryable ? 503 : 500).json({ error: error.code, effect: error.effect })
})

let handoffs = 0
holdfast.on('granted', () => {
  handoffs += 1
})
serve(app, {
  standing: () => {
    const { heldSessions: held, waitingSessions: waiting } = holdfast.health()
    return { held, waiting, handoffs }
  },
  // Requests that run end; then every session goes back to the store.
  close: () => holdfast.close({ drainMs: 2_000 }),
})
