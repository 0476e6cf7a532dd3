// The applications of the server processes, by name: their routes, and those options of sessions that are functions.
import expressSession from 'express-session'
import { session } from 'holdfast/express-session'

const visits = {
  routes(app) {
    app.get('/visit', (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      const { session: open, sessionID: id } = req
      res.json({ count: open.count, id, same: open.id === id, process: process.pid })
    })
    app.get('/look', (req, res) => res.json({ count: req.session.count ?? null, keys: Object.keys(req.session) }))
    app.get('/untouched', (_req, res) => res.send('untouched'))
  },
}

let idsMade = 0
const idsOfItsOwn = {
  ...visits,
  given: () => ({ genid: (req) => `id-${req.hostname}-${process.pid}-${idsMade++}` }),
}

const cookieByRequest = {
  ...visits,
  given: () => ({ cookie: (req) => ({ path: req.path, maxAge: 1_000 }) }),
}

const paths = {
  routes(app) {
    app.get(['/admin', '/shop'], (req, res) => res.json(req.session === undefined))
  },
}

const unset = {
  routes(app) {
    visits.routes(app)
    app.get('/unset', (req, res) => {
      req.session.count = 99
      req.session = null
      res.send('unset')
    })
  },
}

const methods = {
  routes(app) {
    visits.routes(app)
    app.get('/all', async (req, res) => {
      const log = []
      const call = (name) =>
        new Promise((resolve, reject) => {
          const returned = req.session[name]((error) => (error ? reject(error) : resolve()))
          log.push(`${name} returns a session: ${returned instanceof expressSession.Session}`)
        })
      const before = req.sessionID
      await call('regenerate')
      log.push(before === req.sessionID, req.session.count ?? 'no count')
      req.session.user = 'Ada'
      await call('save')
      req.session.user = 'Bob'
      await call('reload')
      log.push(req.session.user, req.session instanceof expressSession.Session)
      req.session.touch().cookie.maxAge = 1_000
      log.push(req.session.cookie.originalMaxAge)
      await call('destroy')
      log.push(req.session ?? 'no session')
      res.json(log)
    })
  },
}

const saves = {
  routes(app) {
    visits.routes(app)
    app.get('/saves', async (req, res) => {
      const all = Array.from({ length: 5 }, (_, n) => {
        req.session.count = n
        return new Promise((resolve) => req.session.save(resolve))
      })
      res.json((await Promise.all(all)).map((error) => error ?? null))
    })
  },
}

const values = {
  routes(app) {
    app.get('/set', (req, res) => {
      req.session.flash = {
        date: new Date(0),
        nothing: undefined,
        call: () => {},
        list: [undefined, Number.NaN],
        own: { toJSON: () => 'own' },
        map: new Map([[1, 2]]),
      }
      res.send('set')
    })
    app.get('/get', (req, res) => {
      const { flash } = req.session
      res.json({ flash, type: typeof flash.date })
    })
  },
}

const items = {
  routes(app) {
    visits.routes(app)
    app.get('/push', (req, res) => {
      req.session.items ??= []
      req.session.items.push('one')
      res.send(String(req.session.items.length))
    })
    app.get('/delete', (req, res) => {
      delete req.session.items
      res.send('deleted')
    })
  },
}

const itself = {
  routes(app) {
    app.get('/', (req, res) => {
      req.session.count = 1
      res.json([req.session.id === req.sessionID, req.sessionStore instanceof expressSession.Store])
    })
  },
}

const twoMiddlewares = {
  routes(app, holdfast) {
    app.use(session({ holdfast, secret: 'another secret of this test', name: 'other' }))
    visits.routes(app)
  },
}

const shop = {
  routes(app) {
    app.get('/count', (req, res) => res.send(String(req.session.count)))
    app.post('/count', (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      res.send(String(req.session.count))
    })
    app.get('/user', (req, res) => res.send(req.session.user ?? 'nobody'))
    app.get('/start/:user', (req, res) => {
      req.session.user = req.params.user
      res.redirect('/user')
    })
    app.get('/large', (req, res) => {
      req.session.large = 'x'.repeat(450_000)
      res.send('never seen')
    })
    app.post('/add/:item', (req, res) => {
      req.session.items = [...(req.session.items ?? []), req.params.item]
      res.send(req.session.user ?? 'nobody')
    })
    app.get('/session', (req, res) => res.json({ user: req.session.user, items: req.session.items?.toSorted() }))
    app.post('/login/:user', (req, res, next) => {
      req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.user = req.params.user
        res.send('in')
      })
    })
    app.post('/logout', (req, res, next) => {
      req.session.destroy((error) => (error ? next(error) : res.clearCookie('connect.sid').send('out')))
    })
  },
}

/** Ways to log out, each of which sends the browser to the first page. */
const logouts = {
  routes(app) {
    const destroyed = (req, res) => req.session.destroy(() => res.redirect('/'))
    app.get('/in', (req, res) => {
      req.session.user = 'Ada'
      res.send('in')
    })
    app.get('/', (req, res) => res.send(req.session.user ?? 'nobody'))
    app.get('/destroy', destroyed)
    app.get('/destroy-without-waiting', (req, res) => {
      req.session.destroy(undefined)
      res.redirect('/')
    })
    app.get('/unset', (req, res) => {
      req.session = undefined
      res.redirect('/')
    })
    app.get('/regenerate', (req, res) => req.session.regenerate(() => res.redirect('/')))
    app.get('/regenerate-and-destroy', (req, res) => req.session.regenerate(() => destroyed(req, res)))
    app.get('/destroy-and-clear', (req, res) => req.session.destroy(() => res.clearCookie('connect.sid').redirect('/')))
  },
}

export const applications = {
  'cookie by request': cookieByRequest,
  'ids of its own': idsOfItsOwn,
  items,
  itself,
  logouts,
  methods,
  paths,
  saves,
  shop,
  'two middlewares': twoMiddlewares,
  unset,
  values,
  visits,
}
