import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHoldfast } from '../../client/create.js'
import { Epochs } from '../processes/epochs.js'
import { obey } from '../processes/obey.js'
import { type Answer, NAMESPACE, type Order, type Refusal } from './orders.js'
import { UnlockedSessions } from './unlocked.js'

type Start = Extract<Order, { readonly do: 'start' }>

interface Visit {
  items: number
}

/**
 * One application server of the demo. `POST /holdfast` and `POST /unlocked` put an item into the visitor's cart, `GET`
 * says how many are there. The cookie has the session's id.
 */
class Server {
  handoffs = 0
  private readonly holdfast
  private readonly unlocked: UnlockedSessions
  private readonly epochs = new Epochs()
  private readonly http = createServer((request, response) => {
    void this.answer(request).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: unknown) => {
        const { code = 'FAILED', effect = 'unknown' } = error as { readonly code?: string; readonly effect?: string }
        response.writeHead(503).end(JSON.stringify({ error: code, effect } satisfies Refusal))
      },
    )
  })

  constructor({ config, label, unlockedTable }: Start) {
    this.holdfast = createHoldfast<Visit>({ namespace: NAMESPACE, config, label, holdPolicy: 'untilRevoked' })
    this.unlocked = new UnlockedSessions(config, unlockedTable)
    this.holdfast.on('released', ({ handoffMs }) => {
      if (handoffMs !== undefined) this.handoffs += 1
    })
  }

  /** Returns its port. */
  async listen(): Promise<number> {
    this.http.listen(0, '127.0.0.1')
    await once(this.http, 'listening')
    return (this.http.address() as AddressInfo).port
  }

  /** Requests that run end; then every session goes back to the store. */
  async close(): Promise<void> {
    const closed = once(this.http, 'close')
    this.http.close()
    await this.holdfast.close()
    this.http.closeAllConnections()
    this.unlocked.close()
    await closed
  }

  private answer({ method, url, headers }: IncomingMessage): Promise<Answer> {
    const [, id = ''] = headers.cookie?.split('=') ?? []
    const isAdd = method === 'POST'
    return url === '/holdfast' ? this.withHoldfast(id, isAdd) : this.withoutLock(id, isAdd)
  }

  private withHoldfast(id: string, isAdd: boolean): Promise<Answer> {
    const isKept = this.epochs.begin(id)
    if (!isAdd) {
      const locks = { read: ['items'] } as const
      return this.holdfast.access(id, locks, ({ state, epoch }) => ({ items: state.items ?? 0, isKept: isKept(epoch) }))
    }
    return this.holdfast.access(id, { write: ['items'] }, ({ state, epoch }) => {
      state.items = (state.items ?? 0) + 1
      return { items: state.items, isKept: isKept(epoch) }
    })
  }

  private async withoutLock(id: string, isAdd: boolean): Promise<Answer> {
    const items = (await this.unlocked.read(id)) + (isAdd ? 1 : 0)
    if (isAdd) await this.unlocked.write(id, items)
    return { items, isKept: false }
  }
}

export function runServer(): void {
  let server: Server | undefined
  obey(
    (given) => {
      const order = given as Order
      if (order.do === 'handoffs') return server?.handoffs
      server = new Server(order)
      return server.listen()
    },
    async () => server?.close(),
  )
}
