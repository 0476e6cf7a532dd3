import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What the handler of a request saw. */
export type Log = string[]
export type Handler = (res: ServerResponse, log: Log, req: IncomingMessage) => unknown

const big = 'x'.repeat(300_000)
const chunks = (): Readable => Readable.from(['one', 'two', Buffer.from('three')])

/** Ways to use a response, by name. */
export const handlers: [string, Handler][] = [
  ['a text', (res) => res.end('hello')],
  ['a buffer', (res) => res.end(Buffer.from('hello'))],
  ['an encoding', (res) => res.end('68656c6c6f', 'hex')],
  ['nothing', (res) => res.end()],
  ['an empty text', (res) => res.end('')],
  ['a large body', (res) => res.end(big)],
  ['a length', (res) => res.setHeader('Content-Length', 5).end('hello')],
  ['a length of 0', (res) => res.setHeader('Content-Length', 0).end()],
  ['a status', (res) => res.writeHead(201).end('made')],
  ['a reason', (res) => res.writeHead(201, 'Fine').end('made')],
  [
    'headers with the head',
    (res) =>
      res
        .setHeader('a', '1')
        .writeHead(200, { a: '2', b: ['3', '4'] })
        .end('x'),
  ],
  ['headers beside an absent reason', (res) => res.writeHead(200, undefined, { b: '3' }).end('x')],
  ['headers as a list', (res) => res.writeHead(200, ['a', '1', 'b', '2']).end('x')],
  ['a redirect', (res) => res.writeHead(302, { location: '/next' }).end()],
  ['204', (res) => res.writeHead(204).end()],
  ['304', (res) => res.writeHead(304, { etag: '"1"' }).end()],
  ['304 with a body', (res) => res.writeHead(304).end('dropped')],
  [
    'chunks',
    (res) => {
      res.write('one')
      res.write('two')
      res.end('three')
    },
  ],
  [
    'chunks and an empty end',
    (res) => {
      res.write('one')
      res.end()
    },
  ],
  [
    'a head, then chunks',
    (res) => {
      res.writeHead(200, { a: '1' })
      res.write('one')
      res.end()
    },
  ],
  [
    'chunks of a known length',
    (res) => {
      res.setHeader('Content-Length', 6)
      res.write('one')
      res.write('two')
      res.end()
    },
  ],
  [
    'more than its length',
    (res) => {
      res.setHeader('Content-Length', 4)
      res.write('one')
      res.write('two')
      res.end()
    },
  ],
  [
    'a known length and a last part',
    (res) => {
      res.setHeader('Content-Length', 6)
      res.write('one')
      res.end('two')
    },
  ],
  [
    'flushed headers',
    (res) => {
      res.flushHeaders()
      res.end('x')
    },
  ],
  [
    'flushed headers twice',
    (res) => {
      res.flushHeaders()
      res.flushHeaders()
      res.write('a')
      res.end('x')
    },
  ],
  [
    'an event stream',
    (res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
      res.end()
    },
  ],
  [
    'an event stream in one piece',
    (res) => res.setHeader('Content-Type', 'text/event-stream; charset=utf-8').end('data: 1\n\n'),
  ],
  [
    'an event stream, flushed',
    (res) => {
      res.setHeader('Content-Type', 'text/event-stream')
      res.flushHeaders()
      res.end('data: 1\n\n')
    },
  ],
  ['a callback of end', (res, log) => res.end('x', () => log.push('ended'))],
  ['a callback without a body', (res, log) => res.end(() => log.push('ended'))],
  ['a callback after an encoding', (res, log) => res.end('x', 'utf8', () => log.push('ended'))],
  [
    'callbacks of write',
    (res, log) => {
      res.write('x', () => log.push('written'))
      res.end()
    },
  ],
  [
    'a status of the property',
    (res) => {
      res.statusCode = 404
      res.statusMessage = 'Gone away'
      res.end('x')
    },
  ],
  ['a pipe', (res) => void chunks().pipe(res)],
  ['a pipeline', (res, log) => pipeline(chunks(), res).then(() => log.push('piped'))],
  [
    'a pipe with backpressure',
    (res) => void Readable.from(Array.from({ length: 50 }, () => big.slice(0, 20_000))).pipe(res),
  ],
  [
    'a pipe of a known length',
    (res) => {
      res.setHeader('Content-Length', 11)
      chunks().pipe(res)
    },
  ],
  [
    'a generator of an event stream',
    (res, log) => {
      res.setHeader('Content-Type', 'text/event-stream')
      return pipeline(chunks(), res).then(() => log.push('piped'))
    },
  ],
  [
    'an early hint',
    (res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.end('x')
    },
  ],
  ['a broken connection', (res) => void res.destroy()],
  [
    'a broken body',
    (res) => {
      res.write('x')
      setImmediate(() => res.destroy())
    },
  ],
]
