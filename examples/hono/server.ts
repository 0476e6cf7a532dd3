import { timingSafeEqual } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { streamSSE } from 'hono/streaming'
import { type WebSession, withSession } from '../../client/adapters/web/index.js'
import { createHoldfast } from '../../client/index.js'
import { help } from '../express/help.js'
import { serve } from '../shop/serve.js'
import type { ShopSession } from '../shop/shop.js'
import { firstTokens, refresh, type Tokens } from './provider.js'

/**
 * One server of a small shop on Hono. Requests of one visitor may overlap, on this server and on others: each has the
 * session for itself.
 */
interface HonoSession extends Pick<ShopSession, 'cart'> {
  user: string
  tokens: Tokens
}
type Visit = WebSession<HonoSession>

const REMEMBERED_MS = 30 * 86_400_000
const TICK_MS = 1_000

const holdfast = createHoldfast<HonoSession>({ namespace: 'hono-shop' })
const app = new Hono<{ Bindings: { session: Visit } }>()

/** In place of a real check: every name has the password 'secret'. */
const isPassword = (password: unknown): boolean => {
  const [given, right] = [Buffer.from(String(password)), Buffer.from('secret')]
  return given.length === right.length && timingSafeEqual(given, right)
}

/** An access token that is still good. Requests that come meanwhile wait for it, and find the new one. */
async function accessToken(session: Visit): Promise<string> {
  const { tokens } = session.state
  if (tokens === undefined) throw new HTTPException(401, { message: 'log in first' })
  if (tokens.endsAt.getTime() > Date.now()) return tokens.access
  const fresh = await refresh(tokens.refresh)
  session.state.tokens = fresh
  // The old refresh token is used up: the new one must be stored, whatever becomes of this request.
  await session.commit()
  return fresh.access
}

app.get('/', (c) => c.text(help(new URL(c.req.url).origin)))

app.post('/login', async (c) => {
  const { session } = c.env
  const { name, password, remember } = await c.req.json<Readonly<Record<string, unknown>>>().catch(() => ({}) as never)
  if (typeof name !== 'string' || !isPassword(password)) {
    return c.json({ error: 'expected a JSON body such as {"name":"Ada","password":"secret"}' }, 401)
  }
  // A new id: who knew the one from before the login has nothing of what comes after it. The cart stays.
  session.regenerate()
  session.state.user = name
  session.state.tokens = firstTokens()
  if (remember === true) session.ttlMs = REMEMBERED_MS
  // It leaves when the session is stored: any server then finds it.
  return c.redirect('/account', 303)
})

app.get('/account', async (c) => {
  const { session } = c.env
  const token = await accessToken(session)
  return c.json({ user: session.state.user, token, cart: session.state.cart?.items ?? [] })
})

app.post('/logout', async (c) => {
  await c.env.session.destroy()
  return c.redirect('/cart', 303)
})

app.post('/cart/:item', (c) => {
  const { state } = c.env.session
  state.cart ??= { items: [] }
  state.cart.items.push(c.req.param('item'))
  return c.json({ items: state.cart.items.length })
})

app.get('/cart', (c) => c.json({ cart: c.env.session.state.cart?.items ?? [] }))

app.get('/events', (c) => {
  // The session ends before the stream begins: it keeps nobody waiting, for as long as it runs.
  const { id } = c.env.session
  if (id === undefined) return c.json({ error: 'add something first' }, 404)
  return streamSSE(c, async (stream) => {
    while (!stream.aborted) {
      const items = (await holdfast.peek(id))?.state.cart?.items.length ?? 0
      await stream.writeSSE({ data: JSON.stringify({ items }) })
      await pause(TICK_MS)
    }
  })
})

// An error that is no answer is thrown: then nothing of its session is stored.
app.onError((error) => {
  if (error instanceof HTTPException) return error.getResponse()
  throw error
})

const fetch = withSession(
  holdfast,
  {
    secrets: [process.env.SESSION_SECRET ?? 'only for this example, which runs on one machine'],
    // Behind TLS, leave `secure` out.
    cookie: { persistent: true, secure: false },
    rolling: true,
  },
  (request, session) => app.fetch(request, { session }),
)

let grants = 0
holdfast.on('granted', () => {
  grants += 1
})
const listener = getRequestListener((request) => fetch(request))
serve((request, response) => void listener(request, response), {
  standing: () => ({ held: holdfast.health().heldSessions, waiting: holdfast.health().waitingSessions, grants }),
  close: () => holdfast.close({ drainMs: 2_000 }),
})
