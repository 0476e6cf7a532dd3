import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/** What a client saw of a connection. */
export interface Exchange {
  readonly text: string
  /** Whether the server ended the connection in an orderly way. */
  readonly isClean: boolean
}

export async function listen(listener: RequestListener): Promise<Server & { readonly port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(server, { port: (server.address() as AddressInfo).port })
}

/** Sends bytes, and collects everything until the connection is over. */
export async function exchange(port: number, request: string): Promise<Exchange> {
  const socket = connect(port, '127.0.0.1')
  const parts: Buffer[] = []
  let isClean = false
  socket.on('data', (part: Buffer) => parts.push(part))
  socket.on('end', () => {
    isClean = true
  })
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
  socket.write(request)
  await closed
  return { text: Buffer.concat(parts).toString('latin1'), isClean }
}

/** A request that ends its connection. */
export const requestText = (method: string, path: string, headers: Record<string, string> = {}): string => {
  const lines = Object.entries({ Host: 'test', Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`
}

/** Whether the bytes of a response are complete to a client. */
export function isComplete({ text, isClean }: Exchange, method = 'GET'): boolean {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  if (!text.includes('\r\n\r\n')) return false
  const body = rest.join('\r\n\r\n')
  if (method === 'HEAD' || /^HTTP\/1\.1 (204|304)/.test(head)) return true
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  if (length !== undefined) return body.length >= Number(length)
  if (/^transfer-encoding: chunked$/im.test(head)) return body.endsWith('0\r\n\r\n') || text.endsWith('\r\n0\r\n\r\n')
  return isClean
}
