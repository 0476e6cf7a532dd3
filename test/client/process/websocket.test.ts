import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { WebSocketServer } from 'ws'
import type { ConnectFailure } from '../../../client/ports.js'
import { SignedWebSocketTransport } from '../../../client/process/websocket.js'
import { MESSAGE_BYTES_MAX } from '../../../protocol/limits.js'

describe('a connection that is refused', () => {
  let server: Server | undefined
  let aws: DynamoDBClient
  beforeEach(() => {
    aws = new DynamoDBClient({ region: 'eu-west-1', credentials: { accessKeyId: 'A', secretAccessKey: 'x' } })
  })
  afterEach(async () => {
    aws.destroy()
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    await closed
  })

  /** What a transport says of a gateway that answers the handshake with this status. */
  async function failureOf(status: number): Promise<ConnectFailure | undefined> {
    server = createServer().on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const transport = new SignedWebSocketTransport(`ws://127.0.0.1:${port}/live`, 'eu-west-1', aws)
    return new Promise((resolve) => {
      transport.open({ opened: () => {}, received: () => {}, closed: resolve })
    })
  }

  test('with 403 is told what may be wrong: the address as well as the right', async () => {
    const failure = await failureOf(403)
    expect(failure?.kind).toBe('setting')
    expect(failure?.message).toMatch(/^127\.0\.0\.1:\d+\/live refused the connection with status 403\. Check the URL /)
    expect(failure?.message).toContain("(the API's id, region and stage)")
    expect(failure?.message).toContain("'execute-api:Invoke'")
  })

  test.each([
    [200, 'setting'],
    [404, 'setting'],
    [408, 'passing'],
    [429, 'throttled'],
    [500, 'passing'],
  ])('with %i is told without advice, as %s', async (status, kind) => {
    const failure = await failureOf(status)
    expect(failure?.kind).toBe(kind)
    expect(failure?.message).toMatch(new RegExp(`refused the connection with status ${status}$`))
  })
})

describe('a connection', () => {
  it('is closed by a message that is larger than any of the store, which is not read', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const aws = new DynamoDBClient({ region: 'eu-west-1', credentials: { accessKeyId: 'A', secretAccessKey: 'x' } })
    const { port } = server.address() as AddressInfo
    const received: number[] = []
    const largest = 'x'.repeat(8 * MESSAGE_BYTES_MAX)
    server.on('connection', (socket) => {
      socket.send(largest)
      socket.send(`${largest}x`)
    })
    const transport = new SignedWebSocketTransport(`ws://127.0.0.1:${port}/live`, 'eu-west-1', aws)
    const failure = await new Promise<ConnectFailure | undefined>((closed) => {
      transport.open({ opened: () => {}, received: (text) => received.push(text.length), closed })
    })
    expect(received).toEqual([largest.length])
    expect(failure?.message).toContain('Max payload size exceeded')
    aws.destroy()
    server.close()
    await once(server, 'close')
  })
})
