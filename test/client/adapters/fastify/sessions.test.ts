import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as after } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Holdfast } from '../../../../client/index.js'
import { timesEffort } from '../../../support/effort.js'
import { Browser, Servers, type Shop } from './servers.js'

describe('sessions of Fastify', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  const add = async ({ session }: FastifyRequest) => {
    const { count = 0 } = session
    await after(1)
    session.count = count + 1
    return session.count
  }
  const login = (request: FastifyRequest) =>
    request.session.regenerate().then(() => {
      request.session.user = 'Ada'
      return 'in'
    })
  const reload = (request: FastifyRequest) => {
    request.session.count = -1
    return request.session.reload().then(() => request.session.count)
  }
  const routes = (server: FastifyInstance, holdfast: Holdfast<Shop>) => {
    server.get('/', async ({ session }) => ({ ...session, cookie: undefined }))
    server.get('/id', async ({ session }) => session.sessionId)
    server.get('/add', add)
    server.post('/add', add)
    server.post('/login', login)
    server.post('/logout', ({ session }) => session.destroy().then(() => 'out'))
    server.get('/reload', reload)
    server.get('/reload-callback', (request, reply) => {
      request.session.count = -1
      request.session.reload((error) => void reply.send(error ?? String(request.session.count)))
    })
    server.get('/reload-destroy', (request, reply) => {
      request.session.reload(() =>
        request.session.destroy(() => void reply.send(request.session === null ? 'none' : 'one')),
      )
    })
    const nested = ({ session: { sessionId } }: FastifyRequest) =>
      holdfast.access(sessionId, { read: ['count'] }, ({ state }) => state.count, { timeoutMs: 500 })
    server.get('/nested', nested)
    server.post('/nested', nested)
  }

  it('keeps a session from request to request and server to server', async () => {
    const one = await servers.start(routes)
    expect(await one.send('/add')).toMatchObject({ status: 200, text: '1' })
    expect(one.cookie).toMatch(/^sessionId=/)
    const two = one.at(await servers.start(routes))
    expect(await two.post('/add')).toMatchObject({ status: 200, text: '2' })
    expect((await one.send('/')).text).toBe('{"count":2}')
  })

  it('loses none of 60 overlapping updates on two servers', async () => {
    const one = await servers.start(routes)
    await one.send('/add')
    const two = one.at(await servers.start(routes))
    const all = Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? one : two).post('/add'))
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(60).fill(200))
    expect((await two.send('/')).text).toBe('{"count":61}')
  })

  it.each(['/reload', '/reload-callback'])('%s reads again within the lock', async (path) => {
    const one = await servers.start(routes)
    await one.send('/add')
    expect(await one.send(path)).toMatchObject({ status: 200, text: '1' })
    expect((await one.send('/add')).text).toBe('2')
  })

  it('a session that was reloaded can be destroyed', async () => {
    const one = await servers.start(routes)
    await one.send('/add')
    const before = one.at(one)
    expect((await one.send('/reload-destroy')).text).toBe('none')
    expect((await before.send('/')).status).toBe(409)
  })

  it('accesses of a handler join its session, also after a body that came late', async () => {
    const one = await servers.start(routes)
    await one.send('/add')
    expect(await one.send('/nested')).toMatchObject({ status: 200, text: '1' })
    const headers = { cookie: one.cookie as string, 'content-type': 'application/json', 'content-length': '2' }
    const late = httpRequest(`${one.url}/nested`, { method: 'POST', headers })
    late.flushHeaders()
    await after(100)
    late.end('{}')
    const [response] = (await once(late, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(200)
  })

  it('costs nothing without a cookie or for a session that is held, and one read for an unknown id', async () => {
    const one = await servers.start(routes)
    await one.send('/add')
    const gone = one.at(one)
    await one.post('/login')
    const cost = async (send: () => Promise<unknown>) => {
      await after(50)
      const before = servers.stack.requests.snapshot()
      for (let n = 0; n < 20; n += 1) await send()
      const counts = servers.stack.requests.since(before).filter(({ caller }) => caller === 'application')
      return counts.reduce((sum, { count }) => sum + count, 0)
    }
    expect(await cost(() => one.send('/'))).toBe(0)
    expect(await cost(() => new Browser(one.url).send('/'))).toBe(0)
    expect(await cost(() => gone.send('/'))).toBe(20)
    gone.cookie = 'sessionId=forged.signature'
    expect(await cost(() => gone.send('/'))).toBe(0)
  })

  it('nobody is logged out by requests under way at a login, and nobody sees a user after the logout', async () => {
    const one = await servers.start(routes)
    const other = await servers.start(routes)
    for (let round = 0; round < timesEffort(8); round += 1) {
      one.cookie = undefined
      await one.send('/add')
      const old = one.cookie
      const parallel = Array.from({ length: 30 }, (_, n) => one.at(n % 2 === 0 ? one : other))
      const answers = parallel.map((browser, n) => (n % 3 === 0 ? browser.send('/') : browser.post('/add')))
      expect(await one.post('/login')).toMatchObject({ status: 200 })
      expect(one.cookie).not.toBe(old)
      const told = (await Promise.all(answers)).map(({ status, text }, n) => {
        if (status === 200) return 'served'
        const isReplaced = status === 409 && JSON.parse(text).type === 'session-replaced'
        return isReplaced && parallel[n]?.cookie === old ? 'replaced' : text
      })
      expect(told.filter((each) => each !== 'served' && each !== 'replaced')).toEqual([])
      expect((await one.at(other).send('/')).text).toContain('Ada')
      const leaving = one.at(one)
      const during = Array.from({ length: 6 }, (_, n) => one.at(n % 2 === 0 ? one : other).send('/'))
      expect(await leaving.post('/logout')).toMatchObject({ status: 200 })
      const late = await one.at(other).send('/')
      expect([late.status, late.text.includes('Ada')]).toEqual([409, false])
      await Promise.all(during)
    }
  }, 300_000)

  it('a new visitor who follows a redirect to the other server finds his session', async () => {
    const other = await servers.start(routes)
    const one = await servers.start((server) => {
      server.get('/start', async (request, reply) => {
        request.session.user = 'Ada'
        return reply.redirect('/')
      })
    })
    for (let n = 0; n < 30; n += 1) {
      one.cookie = undefined
      expect((await one.send('/start')).status).toBe(302)
      expect((await one.at(other).send('/')).text).toBe('{"user":"Ada"}')
    }
  })

  it('a remembered session lives as long as its cookie, and an unchanged request writes nothing', async () => {
    const one = await servers.start((server) => {
      routes(server, undefined as never)
      server.post('/remember', async ({ session }) => {
        session.user = 'Ada'
        session.cookie.maxAge = 30 * 86_400_000
        return 'ok'
      })
      server.get('/age', async ({ session }) => session.cookie.originalMaxAge)
    })
    await one.post('/remember')
    const id = (await one.send('/id')).text
    const client = servers.client()
    const lifeMs = async () => ((await client.peek(id))?.aliveUntil.getTime() ?? 0) - Date.now()
    expect(Math.round((await lifeMs()) / 86_400_000)).toBe(30)
    const answer = await one.send('/age')
    expect(answer.text).toBe(String(30 * 86_400_000))
    expect(answer.headers.getSetCookie().join()).toContain('Expires')
    expect((await client.peek(id))?.rev).toBe(1)
  })

  it('keeps types of Holdfast with exact, and those of JSON without', async () => {
    const kinds = async (values: 'json' | 'exact') => {
      const one = await servers.start(
        (server) => {
          server.get('/set', async ({ session }) => {
            session.when = new Date(0)
            return 'ok'
          })
          server.get('/get', async ({ session }) => Object.prototype.toString.call(session.when))
        },
        { values },
      )
      await one.send('/set')
      return (await one.send('/get')).text
    }
    expect([await kinds('json'), await kinds('exact')]).toEqual(['[object String]', '[object Date]'])
  })

  it('names of session objects are not taken from the store', async () => {
    const one = await servers.start(routes)
    await one.send('/add')
    const id = (await one.send('/id')).text
    const client = servers.client() as unknown as Holdfast<Record<string, unknown>>
    await client.access(id, 'all', ({ state }) => {
      state.save = 'a text'
      state.count = 5
    })
    expect(await one.send('/add')).toMatchObject({ status: 200, text: '6' })
  })
})
