import { Readable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Servers } from './servers.js'

const TOO_MUCH = 'x'.repeat(500_000)

describe('the responses of Fastify with a session', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  describe.each([
    ['in one piece', (reply: FastifyReply) => reply.code(201).send('done')],
    ['chunked', (reply: FastifyReply) => reply.send(Readable.from(['do', 'ne']))],
    ['as a web stream', (reply: FastifyReply) => reply.send(new Response('done', { headers: { etag: '"e"' } }))],
    ['a 304', (reply: FastifyReply) => reply.code(304).header('etag', '"e"').send()],
    ['a redirect', (reply: FastifyReply) => reply.redirect('/elsewhere')],
    [
      'an event stream of a web response',
      (reply: FastifyReply) =>
        reply.send(new Response('data: 1\n\n', { headers: { 'content-type': 'text/event-stream' } })),
    ],
    ['an event stream', (reply: FastifyReply) => reply.type('text/event-stream').send(Readable.from(['data: 1\n\n']))],
  ])('%s', (_name, send) => {
    it.each(['GET', 'HEAD'])('is never sent where the save fails, with %s', async (method) => {
      const browser = await servers.shop((server) => {
        server.get('/large', async (request, reply) => {
          request.session.user = TOO_MUCH
          reply.header('set-cookie', 'theme=dark').header('x-policy', 'stays')
          return send(reply)
        })
        server.setErrorHandler((error: { code?: string }, _request, reply) => reply.send({ code: error.code }))
      })
      const { status, headers, text } = await browser.send('/large', { method })
      expect(status).toBe(500)
      expect(text).toBe(method === 'HEAD' ? '' : '{"code":"TOO_LARGE"}')
      expect(headers.getSetCookie()).toEqual([])
      expect([headers.get('etag'), headers.get('location'), headers.get('x-policy')]).toEqual([null, null, 'stays'])
      expect(await servers.count(browser)).toBe(1)
    })
  })

  it('a new session whose first save fails has no cookie', async () => {
    const browser = await servers.start((server) => {
      server.get('/large', async ({ session }) => {
        session.user = TOO_MUCH
        return 'done'
      })
    })
    const { status, headers } = await browser.send('/large')
    expect([status, headers.getSetCookie()]).toEqual([500, []])
  })

  it('a commit that DynamoDB refuses, or that a lost session cannot make, is no 2xx', async () => {
    let isBroken = false
    const browser = await servers.shop((server) => {
      server.get('/broken', async ({ session }) => {
        isBroken = true
        session.count = 99
        return 'done'
      })
    })
    const end = servers.stack.dynamodb.inject({
      beforeForward: () => (isBroken ? { refuse: 'ValidationException' } : undefined),
    })
    const { status, headers } = await browser.send('/broken')
    end()
    expect([status, headers.getSetCookie()]).toEqual([500, []])
    expect(await servers.count(browser)).toBe(1)
  })

  it.each(['node', 'web'])('commits and releases at the headers of an event stream of %s', async (kind) => {
    let stream: Readable | undefined
    const browser = await servers.shop((server) => {
      server.get('/events', async (request, reply) => {
        request.session.count = 5
        stream = new Readable({ read() {} })
        stream.push('data: 1\n\n')
        if (kind === 'node') return reply.type('text/event-stream; charset=utf-8').send(stream)
        const headers = { 'content-type': 'text/event-stream' }
        return new Response(Readable.toWeb(stream) as ReadableStream, { headers })
      })
    })
    const response = await fetch(`${browser.url}/events`, { headers: { cookie: browser.cookie as string } })
    expect(response.status).toBe(200)
    expect(await servers.count(browser)).toBe(5)
    stream?.push(null)
    await response.text()
  })

  it('saves and releases when a reply is hijacked, and cuts the connection where the save fails', async () => {
    let finish = () => {}
    const browser = await servers.shop((server) => {
      const hijack = (value: number) => async (request: FastifyRequest, reply: FastifyReply) => {
        request.session.count = value
        reply.hijack()
        reply.raw.writeHead(200).write('begun')
        finish = () => void reply.raw.end()
      }
      server.get('/hijack', hijack(5))
      server.get('/wrong', hijack(1n as unknown as number))
    })
    const response = await fetch(`${browser.url}/hijack`, { headers: { cookie: browser.cookie as string } })
    expect(await servers.count(browser)).toBe(5)
    finish()
    expect(await response.text()).toBe('begun')
    await expect(browser.send('/wrong')).rejects.toThrow(/^(fetch failed|terminated)$/)
    expect(await servers.count(browser)).toBe(6)
  })

  it('releaseSession frees the session before slow work, and a later change fails', async () => {
    let finish = () => {}
    const browser = await servers.shop((server) => {
      const waiting = () =>
        new Promise<void>((resolve) => {
          finish = resolve
        })
      const change = ({ query, session }: FastifyRequest) => {
        if ('change' in (query as object)) session.count = 99
        return 'done'
      }
      server.get('/slow', (request) => {
        request.session.count = 5
        return request
          .releaseSession()
          .then(waiting)
          .then(() => change(request))
      })
    })
    for (const [path, status] of [
      ['/slow', 200],
      ['/slow?change', 500],
    ] as const) {
      const slow = browser.send(path)
      await after(50)
      expect(await servers.count(browser)).toBe(5)
      finish()
      expect((await slow).status).toBe(status)
    }
  })
})
