import express, { type NextFunction, type Request, type Response } from 'express'
import { createHoldfast, HoldfastError, type LockedState, type NameOf, type Session } from '../../client/index.js'
import { showLocks } from '../../local/inspector/locks/show-locks.js'
import { answerTheRest, jsonLines } from './answers.js'
import { giveSessionId, sessionIdIn, takeSessionId } from './cookie.js'
import { EpochMeter, meterWaits } from './meter.js'
import { serve } from './serve.js'
import { help, NAME_EXPECTED, nameIn, type ShopSession, VIEWED_MAX } from './shop.js'

/**
 * One application server of the shop. Every request is one access under the locks that it needs, so that requests of
 * one visitor may overlap, on this server or on several, and lose nothing.
 */
const server = process.env.SERVER_NAME ?? 'shop'
// Shorter than a load balancer's patience: the visitor gets an answer from here, not a broken connection.
const holdfast = createHoldfast<ShopSession>({ namespace: 'shop', label: server, timeoutMs: 20_000 })

/** The inspector shows which attributes each request locks. */
const shown = showLocks()

/** Aborted when the visitor goes away: then nobody waits for the answer any more. */
function whileConnected(response: Response): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => controller.abort())
  return controller.signal
}

const epochs = new EpochMeter()

/** One access to the visitor's session. The header `x-session` says whether this server had the session already. */
async function visit<T, const W extends NameOf<ShopSession> = never, const R extends NameOf<ShopSession> = never>(
  request: Request,
  response: Response,
  locks: { readonly write?: readonly W[]; readonly read?: readonly R[] },
  work: (state: LockedState<ShopSession, W, R>) => T,
): Promise<T> {
  const signal = whileConnected(response)
  const enter = (id: string): Promise<T> => {
    const metered = epochs.begin(id)
    const metering = (session: Session<LockedState<ShopSession, W, R>, ShopSession>) => {
      response.set('x-session', metered(session.epoch))
      return work(session.state)
    }
    // A visitor can send any id: only one that a server gave out may lead to a session.
    return holdfast.access(id, locks, metering, { signal, ifMissing: 'fail' })
  }
  const known = sessionIdIn(request)
  if (known !== undefined) {
    try {
      return await enter(known)
    } catch (error) {
      // Its session has ended, or there never was one: a new visitor.
      if (!(error instanceof HoldfastError && error.code === 'SESSION_MISSING')) throw error
    }
  }
  const id = await holdfast.create({}, { signal })
  giveSessionId(response, id)
  return enter(id)
}

const app = express()
app.disable('x-powered-by')
app.use(jsonLines)
app.use(meterWaits)

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

app.put('/profile', express.json({ limit: '10kb' }), async (request, response) => {
  const name = nameIn(request.body)
  if (name === undefined) return void response.status(400).json({ error: NAME_EXPECTED })
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
  const session = await visit(request, response, { read: ['cart', 'profile', 'viewed'] }, (state) => ({ ...state }))
  response.json({ server, session })
})

app.delete('/session', async (request, response) => {
  const id = sessionIdIn(request)
  const destroyed = id !== undefined && (await holdfast.destroy(id))
  takeSessionId(response).json({ server, destroyed })
})

/** The status for an error. 503 where another try may succeed: a retryable error, or a server that shuts down. */
function statusOf({ code, retryable }: HoldfastError): number {
  if (code === 'TOO_LARGE') return 413
  return retryable || code === 'CLOSED' ? 503 : 500
}

app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (response.headersSent || !(error instanceof HoldfastError)) return next(error)
  const status = statusOf(error)
  if (status === 503) response.set('retry-after', '1')
  // With the effect 'none' nothing has changed; with 'unknown' the visitor should look before trying again.
  response.status(status).json({ error: error.code, effect: error.effect })
})
answerTheRest(app)

let grants = 0
holdfast.on('granted', () => {
  grants += 1
})
serve(app, {
  standing: () => {
    const { heldSessions: held, waitingSessions: waiting } = holdfast.health()
    return { held, waiting, grants }
  },
  // Accesses that run end; then every session goes back to the store.
  close: async () => {
    await holdfast.close({ drainMs: 2_000 })
    await shown.stop()
  },
})
