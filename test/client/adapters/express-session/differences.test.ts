import { session } from '../../../../client/adapters/express-session/index.js'
import { Browser, SECRET, Sites } from './shop.js'

let sites: Sites
beforeEach(() => {
  sites = new Sites()
})
afterEach(() => sites.stop())

describe('not as express-session documents it', () => {
  test('sessions cannot be listed, counted or cleared: their ids are stored as hashes', async () => {
    const site = await sites.site((app) => {
      app.get(
        '/',
        (req, res) => void res.json(['all', 'length', 'clear'].map((name) => typeof req.sessionStore[name as 'all'])),
      )
    })
    expect(await new Browser().text(site.url)).toBe('["undefined","undefined","undefined"]')
  })

  test('a response of HTTP/2 is refused', () => {
    const middleware = session({ holdfast: sites.client(), secret: SECRET })
    const told: unknown[] = []
    middleware({ method: 'GET', url: '/', headers: {} } as never, { stream: {} } as never, (error) => told.push(error))
    expect(told).toMatchObject([{ code: 'INVALID_ARGUMENT' }])
  })

  test('the store refuses when the request has ended', async () => {
    const refused = await new Promise((resolve) => {
      void sites
        .site((app) => {
          app.get('/', (req, res) => {
            req.session.count = 1
            res.on('close', () => {
              req.session.count = 2
              req.session.save(resolve)
            })
            res.send('ended')
          })
        })
        .then((site) => new Browser().text(site.url))
    })
    expect(refused).toMatchObject({ code: 'SESSION_RELEASED', reason: 'end' })
  })

  test('an attribute with the name of a method of the session does not come back', async () => {
    const site = await sites.site((app) => {
      app.get('/set', (req, res) => {
        Object.assign(req.session, { count: 1 })
        Object.defineProperty(req.session, 'touch', { enumerable: true, value: req.session.touch, configurable: true })
        res.send('set')
      })
      app.get(
        '/get',
        (req, res) => void res.json([req.session.count, typeof req.session.touch, typeof req.session.release]),
      )
    })
    const browser = new Browser()
    await browser.text(`${site.url}/set`)
    expect(await browser.text(`${site.url}/get`)).toBe('[1,"function","function"]')
  })
})
