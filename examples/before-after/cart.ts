import express, { type RequestHandler } from 'express'
import { answerTheRest } from '../shop/answers.js'
import { type Service, serve } from '../shop/serve.js'
import type { ShopSession } from '../shop/shop.js'

declare module 'express-session' {
  interface SessionData extends Partial<Pick<ShopSession, 'cart'>> {
    [note: `note-${number}`]: string | undefined
  }
}

/** The options of express-session, the same before and after. */
export const OPTIONS = {
  secret: 'only for this example, which runs on one machine',
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 86_400_000, sameSite: 'lax' },
} as const

const NOTHING_HELD = { held: 0, waiting: 0, grants: 0 }

/** The application, the same before and after: a cart, and notes with an attribute each. */
export function serveCart(sessions: RequestHandler, close: Service['close']): void {
  const app = express()
  app.use(sessions)

  app.post('/cart/:item', (request, response) => {
    request.session.cart ??= { items: [] }
    request.session.cart.items.push(request.params.item)
    response.json({ items: request.session.cart.items.length })
  })

  app.post('/notes/:index', (request, response) => {
    request.session[`note-${Number(request.params.index)}`] = 'noted'
    response.json({})
  })

  app.get('/kept', ({ session }, response) => {
    const notes = Object.keys(session).filter((name) => name.startsWith('note-'))
    response.json({ items: session.cart?.items ?? [], notes: notes.map((name) => name.slice('note-'.length)) })
  })

  answerTheRest(app)
  serve(app, { standing: () => NOTHING_HELD, close })
}
