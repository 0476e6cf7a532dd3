import express, { type Express, type Request, type Response } from 'express'
import { answerTheRest, jsonLines } from '../shop/answers.js'
import { meterWaits } from '../shop/meter.js'
import { serve } from '../shop/serve.js'
import { help, NAME_EXPECTED, nameIn, type ShopSession, VIEWED_MAX } from '../shop/shop.js'

/** How a server that Holdfast is compared with gets at the session of a request's visitor. */
export interface SessionAccess<S extends Partial<ShopSession>> {
  load(request: Request, response: Response): Promise<S>
  /** Keeps the changes of a request. */
  save(session: S): Promise<void>
  destroy(request: Request, response: Response): Promise<void>
}

/** An application of the compared servers, to which the session middleware of one can be added before the routes. */
export function comparedApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(jsonLines)
  app.use(meterWaits)
  return app
}

/** Answers the requests that the shop on Holdfast answers, and serves them as a process of its own. */
export function serveRoutes<S extends Partial<ShopSession>>(app: Express, access: SessionAccess<S>): void {
  const server = process.env.SERVER_NAME ?? 'shop'

  app.get('/', (request, response) => {
    response.type('text/plain').send(help(`http://${request.headers.host}`))
  })

  app.post('/cart/:item', async (request, response) => {
    const session = await access.load(request, response)
    session.cart ??= { items: [] }
    session.cart.items.push(request.params.item)
    await access.save(session)
    response.json({ server, items: session.cart.items.length })
  })

  app.get('/cart', async (request, response) => {
    const { cart } = await access.load(request, response)
    response.json({ server, cart: cart?.items ?? [] })
  })

  app.put('/profile', express.json({ limit: '10kb' }), async (request, response) => {
    const name = nameIn(request.body)
    if (name === undefined) return void response.status(400).json({ error: NAME_EXPECTED })
    const session = await access.load(request, response)
    session.profile = { name }
    await access.save(session)
    response.json({ server, profile: { name } })
  })

  app.get('/profile', async (request, response) => {
    const { profile } = await access.load(request, response)
    response.json({ server, profile: profile ?? null })
  })

  app.post('/viewed/:item', async (request, response) => {
    const session = await access.load(request, response)
    session.viewed = [request.params.item, ...(session.viewed ?? [])].slice(0, VIEWED_MAX)
    await access.save(session)
    response.json({ server, viewed: session.viewed })
  })

  app.get('/session', async (request, response) => {
    const { cart, profile, viewed } = await access.load(request, response)
    response.json({ server, session: { cart, profile, viewed } })
  })

  app.delete('/session', async (request, response) => {
    await access.destroy(request, response)
    response.json({ server, destroyed: true })
  })
  answerTheRest(app)
  serve(app, { standing: () => ({ held: 0, waiting: 0, grants: 0 }), close: () => Promise.resolve() })
}
