import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Gate } from '../../../support/counting.js'
import { Servers } from './servers.js'

describe('the end of a request of Fastify', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  const add = async ({ session }: FastifyRequest) => {
    session.count = (session.count ?? 0) + 1
    return session.count
  }
  const login = async ({ session }: FastifyRequest) => {
    await session.regenerate()
  }
  const routes = (server: FastifyInstance) => {
    server.get('/', async ({ session }) => ({ ...session, cookie: undefined }))
    server.get('/add', add)
    server.post('/logout', ({ session }) => session.destroy().then(() => 'out'))
  }

  it('frees the session when it begins to write: those behind it go on, and their changes are written together', async () => {
    const allHaveRun = new Gate()
    let ran = 0
    const one = await servers.start((server) => {
      server.get('/add', (request) => {
        ran += 1
        if (ran === 21) allHaveRun.open()
        return add(request)
      })
    })
    await one.send('/add')
    let writes = 0
    servers.stack.dynamodb.inject({
      beforeForward: async ({ caller, operation }) => {
        if (caller !== 'application' || operation !== 'UpdateItem') return undefined
        writes += 1
        await allHaveRun.passed
        return undefined
      },
    })
    const answers = await Promise.all(Array.from({ length: 20 }, () => one.send('/add')))
    expect(answers.map(({ text }) => Number(text)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 2),
    )
    expect(writes).toBe(2)
  })

  it.each(['write', 'none'] as const)('%s: accesses join a session that the handler has made', async (lock) => {
    const one = await servers.start(
      (server, holdfast) => {
        server.post('/login', async (request) => {
          await login(request)
          request.session.user = 'Ada'
          await request.session.save()
          const { sessionId } = request.session
          return holdfast.access(sessionId, { write: ['count'] }, ({ state }) => (state.count = 5), { timeoutMs: 500 })
        })
        server.get('/', async ({ session }) => `${session.user} ${session.count}`)
      },
      { lock },
    )
    for (let logins = 0; logins < 2; logins += 1) {
      expect(await one.post('/login')).toMatchObject({ status: 200, text: '5' })
      expect((await one.send('/')).text).toBe('Ada 5')
    }
  })

  it('what accesses change is kept where @fastify/session has nothing to save, in the handler and in a stream', async () => {
    const one = await servers.start(
      (server, holdfast) => {
        server.get('/add', add)
        const inside = ({ session: { sessionId } }: FastifyRequest) =>
          holdfast.access(sessionId, { write: ['count'] }, ({ state }) => (state.count = (state.count ?? 0) + 1))
        server.get('/piece', inside)
        server.get('/release', (request) => inside(request).then(() => request.releaseSession()))
        server.get('/stream', async (request, reply) => {
          async function* body() {
            yield String(await inside(request))
          }
          await inside(request)
          return reply.send(Readable.from(body()))
        })
        server.get('/events', async (request, reply) => {
          await inside(request)
          return reply.type('text/event-stream').send(Readable.from(['data: 1\n\n']))
        })
      },
      { rolling: false },
    )
    await one.send('/add')
    const other = one.at(await servers.start(routes))
    for (const [path, count] of [
      ['/piece', 2],
      ['/release', 3],
      ['/stream', 5],
      ['/events', 6],
    ] as const) {
      expect((await one.send(path)).status).toBe(200)
      expect((await other.send('/')).text).toBe(JSON.stringify({ count }))
    }
  })

  it('regenerate after a release fails typed, ends nothing, and leaves the cookie', async () => {
    const one = await servers.start((server) => {
      server.get('/add', add)
      server.post('/login', async (request) => {
        const { sessionId } = request.session
        await request.releaseSession()
        const { code } = await request.session.regenerate().then(
          () => ({ code: 'none' }),
          (error: { code: string }) => error,
        )
        return { code, isSame: request.session.sessionId === sessionId }
      })
    })
    await one.send('/add')
    const { text, headers } = await one.post('/login')
    expect(JSON.parse(text)).toEqual({ code: 'SESSION_RELEASED', isSame: true })
    expect(headers.getSetCookie().join()).not.toMatch(/sessionId=;/)
    expect((await one.send('/add')).text).toBe('2')
  })

  it('takes the cookie of a destroyed session away, unless the reply sets it', async () => {
    const cookie = { secure: false, path: '/', domain: 'localhost' }
    const one = await servers.start(
      (server) => {
        routes(server)
        server.post('/keep', async ({ session }, reply) => {
          await session.destroy()
          reply.setCookie('sessionId', 'of the application', { path: '/' })
          return 'kept'
        })
      },
      { cookie },
    )
    expect((await one.post('/logout')).headers.getSetCookie()).toEqual([])
    await one.send('/add')
    const [cleared, ...others] = (await one.post('/logout')).headers.getSetCookie()
    expect(others).toEqual([])
    expect(cleared).toMatch(/^sessionId=; .*Domain=localhost; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect((await one.send('/add')).text).toBe('1')
    const kept = (await one.post('/keep')).headers.getSetCookie()
    expect(kept).toHaveLength(1)
    expect(kept[0]).toMatch(/^sessionId=of/)
  })
})
