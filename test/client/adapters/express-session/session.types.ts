import express, { type RequestHandler } from 'express'
import type { Session, SessionData } from 'express-session'
import { session } from '../../../../client/adapters/express-session/index.js'
import { createHoldfast } from '../../../../client/index.js'

const holdfast = createHoldfast<Omit<SessionData, 'cookie'>>({ namespace: 'shop' })
const secret = 'x'

// The middleware is one of Express, and of everything with a request, a response and next.
const middleware = session({ holdfast, secret })
middleware satisfies RequestHandler
express().use(middleware)

// express-session's own options have their types.
session({
  holdfast,
  secret: [secret, 'y'],
  cookie: { sameSite: 'lax', maxAge: 1_000 },
  unset: 'destroy',
  rolling: true,
})
session({ holdfast, secret, lock: (req) => (req.path === '/health' ? 'none' : 'write') })
session({ holdfast, secret, onBusy: (_req, res, error, next) => (error.retryable ? res.sendStatus(503) : next(error)) })

// @ts-expect-error: there is no store.
session({ holdfast, secret, store: {} })
// @ts-expect-error: one of four.
session({ holdfast, secret, lock: 'all' })
// @ts-expect-error: without a client nothing is locked.
session({ secret })
// @ts-expect-error: without a secret no cookie is signed.
session({ holdfast })

declare const open: Session
const released: Promise<void> = open.release()
void released
