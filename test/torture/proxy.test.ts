import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type HttpMessage, TcpProxy } from './proxy.js'

/** A client and a server with a proxy between them. Each keeps what it has received. */
describe('the proxy of the torture', () => {
  let proxy: TcpProxy
  let server: Server
  const sockets: Socket[] = []

  beforeEach(async () => {
    proxy = new TcpProxy()
    await proxy.start()
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy.target = (server.address() as { readonly port: number }).port
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await proxy.stop()
    server.close()
  })

  const ends = async () => {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const client = connect(proxy.port, '127.0.0.1')
    const [peer] = await accepted
    for (const socket of [client, peer]) socket.on('error', () => {})
    sockets.push(client, peer)
    return { client, peer }
  }
  const received = async (socket: Socket, bytes: number) => {
    let text = ''
    while (text.length < bytes) text += String((await once(socket, 'data'))[0])
    return text
  }

  test('passes on what is sent, and the end', async () => {
    const { client, peer } = await ends()
    client.write('question')
    expect(await received(peer, 8)).toBe('question')
    peer.end('answer')
    expect(await received(client, 6)).toBe('answer')
    await once(client, 'close')
  })

  test('swallows one way for good, and passes on the other', async () => {
    const { client, peer } = await ends()
    const end = proxy.trouble({ swallows: ['toServer'] })
    client.write('lost')
    peer.write('heard')
    expect(await received(client, 5)).toBe('heard')
    end()
    client.write('lost too')
    const fresh = await ends()
    fresh.client.write('arrives')
    expect(await received(fresh.peer, 7)).toBe('arrives')
    expect(peer.bytesRead).toBe(0)
    proxy.cutDeaf()
    await once(client, 'close')
    fresh.peer.write('still there')
    expect(await received(fresh.client, 11)).toBe('still there')
  })

  test('tells nobody of an end that it swallows', async () => {
    const { client, peer } = await ends()
    proxy.trouble({ swallows: ['toServer'] })
    client.destroy()
    await once(client, 'close')
    peer.write('to nobody')
    const { client: other, peer: told } = await ends()
    told.write('x')
    expect(await received(other, 1)).toBe('x')
    expect(peer.destroyed).toBe(false)
  })

  test('delivers late what its sender has given up', async () => {
    const { client, peer } = await ends()
    proxy.trouble({ delayMs: 150, delays: ['toServer'] })
    const startMs = performance.now()
    client.write('late')
    client.destroy()
    const arrived = received(peer, 4)
    await once(client, 'close')
    expect(await arrived).toBe('late')
    expect(performance.now() - startMs).toBeGreaterThan(140)
  })

  test('cuts, and refuses', async () => {
    const { client, peer } = await ends()
    const closed = [once(client, 'close'), once(peer, 'close')]
    expect(proxy.cut()).toBe(1)
    await Promise.all(closed)
    proxy.trouble({ refuses: true })
    const refused = connect(proxy.port, '127.0.0.1')
    refused.on('error', () => {})
    sockets.push(refused)
    await new Promise((resolve) => refused.once('close', resolve))
    expect(refused.bytesRead).toBe(0)
  })

  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n'
  const request = (operation: string) =>
    `POST / HTTP/1.1\r\nContent-Length: 8\r\nX-Amz-Target: DynamoDB_20120810.${operation}\r\n\r\n{"a":1}\n`

  test('stalls answers in the middle of their body, of the chosen requests', async () => {
    const { client, peer } = await ends()
    const seen: HttpMessage[] = []
    const end = proxy.trouble({
      stalls: (message) => {
        seen.push(message)
        return message.way === 'toClient' && message.operation === 'GetItem'
      },
    })
    const ask = async (operation: string) => {
      client.write(request(operation))
      await received(peer, request(operation).length)
    }
    await ask('UpdateItem')
    peer.write(`${HEAD}12345678`)
    expect(await received(client, HEAD.length + 8)).toBe(`${HEAD}12345678`)
    await ask('GetItem')
    peer.write(`${HEAD}12345678`)
    expect(await received(client, HEAD.length + 4)).toBe(`${HEAD}1234`)
    end()
    // The connection stays open, and the rest of the body never arrives.
    peer.write('more')
    client.write('still heard')
    expect(await received(peer, 11)).toBe('still heard')
    expect([client.closed, peer.closed]).toEqual([false, false])
    expect(seen).toEqual([
      { way: 'toServer', operation: 'UpdateItem' },
      { way: 'toClient', operation: 'UpdateItem' },
      { way: 'toServer', operation: 'GetItem' },
      { way: 'toClient', operation: 'GetItem' },
    ])
    proxy.cutDeaf()
    await once(client, 'close')
    expect(client.bytesRead).toBe(2 * HEAD.length + 12)
  })

  test('stalls a body that comes after its head, and no message without one', async () => {
    const { client, peer } = await ends()
    proxy.trouble({ stalls: ({ way }) => way === 'toClient' })
    const empty = 'HTTP/1.1 100 Continue\r\n\r\n'
    for (const head of [empty, HEAD]) {
      peer.write(head)
      expect(await received(client, head.length)).toBe(head)
    }
    peer.write('12345678')
    expect(await received(client, 4)).toBe('1234')
    proxy.cutDeaf()
    await once(client, 'close')
  })

  test('stalls requests in the middle of their body, and passes on the other way', async () => {
    const { client, peer } = await ends()
    proxy.trouble({ stalls: ({ way }) => way === 'toServer' })
    const sent = request('UpdateItem')
    client.write(sent)
    expect(await received(peer, sent.length - 4)).toBe(sent.slice(0, -4))
    peer.write('HTTP/1.1 408 Request Timeout\r\n\r\n')
    expect(await received(client, 32)).toContain('408')
    // The peer never learns of an end, either.
    client.destroy()
    await once(client, 'close')
    expect(peer.bytesRead).toBe(sent.length - 4)
    expect(peer.destroyed).toBe(false)
  })
})
