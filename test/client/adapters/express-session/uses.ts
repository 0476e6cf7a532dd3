import type { ServerResponse } from 'node:http'
import type { Handler, Log } from './responses.js'

const attempt = (log: Log, name: string, call: () => unknown): void => {
  try {
    const value = call()
    log.push(`${name}: ${typeof value === 'object' ? 'object' : JSON.stringify(value)}`)
  } catch (error) {
    log.push(`${name}: ${(error as { code?: string }).code}`)
  }
}

const state = (log: Log, res: ServerResponse): void => {
  const { headersSent, writableEnded, statusCode, statusMessage } = res
  const finished: unknown = Reflect.get(res, 'finished')
  log.push(JSON.stringify({ headersSent, writableEnded, finished, statusCode, statusMessage }))
}

/** What a handler sees of its response, and gets when it uses it wrongly. */
export const uses: [string, Handler][] = [
  [
    'the state before and after',
    (res, log) => {
      state(log, res)
      res.end('x')
      state(log, res)
    },
  ],
  [
    'the state after a head',
    (res, log) => {
      res.writeHead(201)
      state(log, res)
      res.end('x')
    },
  ],
  [
    'the state at finish',
    (res, log) => {
      res.on('finish', () => state(log, res))
      res.end('x')
    },
  ],
  [
    'headers after the end',
    (res, log) => {
      res.end('x')
      attempt(log, 'setHeader', () => res.setHeader('a', '1'))
      attempt(log, 'removeHeader', () => res.removeHeader('a'))
      attempt(log, 'appendHeader', () => res.appendHeader('a', '1'))
      attempt(log, 'writeHead', () => res.writeHead(200))
      attempt(log, 'flushHeaders', () => res.flushHeaders())
    },
  ],
  [
    'headers after the head',
    (res, log) => {
      res.writeHead(200)
      attempt(log, 'setHeader', () => res.setHeader('a', '1'))
      attempt(log, 'writeHead', () => res.writeHead(200))
      res.end('x')
    },
  ],
  [
    'headers after a write',
    (res, log) => {
      res.write('x')
      attempt(log, 'setHeader', () => res.setHeader('a', '1'))
      attempt(log, 'writeHead', () => res.writeHead(200))
      res.end('x')
    },
  ],
  [
    'two ends',
    (res, log) => {
      res.end('x')
      attempt(log, 'end', () => res.end())
      attempt(log, 'end', () => res.end(() => {}))
    },
  ],
  [
    'an end with a body after the end',
    (res, log) => {
      res.end('x')
      attempt(log, 'end', () => res.end('y', (e?: Error) => log.push(String((e as { code?: string }).code))))
    },
  ],
  [
    'a write after the end',
    (res, log) => {
      res.end('x')
      attempt(log, 'write', () => res.write('y', (e) => log.push(String((e as { code?: string }).code))))
    },
  ],
  [
    'wrong arguments',
    (res, log) => {
      attempt(log, 'write a number', () => res.write(1 as never))
      attempt(log, 'write null', () => res.write(null))
      attempt(log, 'write nothing', () => res.write(undefined))
      attempt(log, 'a low status', () => res.writeHead(99))
      attempt(log, 'no status', () => res.writeHead('no' as never))
      attempt(log, 'a bad reason', () => res.writeHead(200, 'a\nb'))
      res.statusMessage = ''
      attempt(log, 'a bad header', () => res.writeHead(200, { 'a b': '1' }))
      res.end('x')
    },
  ],
  [
    'a bad status of the property',
    (res, log) => {
      res.statusCode = 1
      attempt(log, 'end', () => res.end('x'))
      res.statusCode = 500
      res.end('failed')
    },
  ],
  [
    'what the calls return',
    (res, log) => {
      attempt(log, 'setHeader', () => res.setHeader('a', '1') === res)
      attempt(log, 'writeHead', () => res.writeHead(200) === res)
      attempt(log, 'write', () => res.write('x'))
      attempt(log, 'end', () => res.end() === res)
    },
  ],
  [
    'a wrapper outside that changes the head',
    (res) => {
      const { writeHead } = res
      res.writeHead = ((...args: [number]) => {
        res.setHeader('wrapped', '1')
        writeHead.apply(res, args)
      }) as never
      res.end('x')
    },
  ],
  [
    'a wrapper outside that writes more',
    (res) => {
      const { write, end } = res
      res.end = ((text: string) => {
        write.call(res, 'before ', 'utf8')
        end.call(res, text, 'utf8')
      }) as never
      res.end('x')
    },
  ],
]
