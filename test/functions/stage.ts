import { createHash } from 'node:crypto'
import { ConnectedCallers } from '../../functions/callers.js'
import { connected } from '../../functions/connect.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import { Log } from '../../functions/lambda/log.js'
import type { Address, Deps, LogEntry } from '../../functions/ports.js'
import type { Store } from '../../protocol/dynamodb.js'
import { lockKey, processKey } from '../../protocol/keys.js'
import { WAITERS_MAX } from '../../protocol/limits.js'
import { type LockRecord, readLock, seatValue } from '../../protocol/lock/record.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { compileTiming } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { problemOf } from './answers.js'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** One process with its connection. Its ids follow from its name, so that a run can be repeated. */
export class Player {
  readonly processId: string
  readonly secret: string
  readonly connectionId: string
  /** As last used. */
  r = 0

  constructor(readonly name: string) {
    this.processId = hashOf(`process ${name}`).slice(0, 16)
    this.secret = hashOf(`secret ${name}`)
    this.connectionId = hashOf(`connection ${name}`).slice(0, 15)
  }
}

const SERVER_ARN = 'arn:aws:sts::123456789012:assumed-role/Shop/server-1'

export const sessionOf = (name: string): string => `game#${hashOf(name)}`

/** Each message of the store has exactly its fields, and each refusal a text, whatever a test looks at. */
function sound(message: StoreMessage): StoreMessage {
  const problem = problemOf(message)
  if (problem !== undefined) throw new Error(`${JSON.stringify(message)}: ${problem}`)
  return message
}

/** The real handlers on the memory store, and a clock that only the test moves. */
export class Stage {
  readonly memory = new MemoryStore()
  /** Of the functions that are made from now on. */
  timing = compileTiming()
  readonly pushed: { readonly to: Address; readonly message: StoreMessage }[] = []
  readonly logs: LogEntry[] = []
  /** The same as the functions write it. */
  readonly lines: string[] = []
  hasMetrics = true
  /** Connections that the gateway does not know any more. */
  readonly gone = new Set<string>()
  /** Requests to the store so far. */
  requests = 0
  nowMs = 1_800_000_000_000
  /** The namespaces that principals are confined to. */
  readonly namespaces = new Map<string, ReadonlySet<string>>()
  private dispatcher = this.coldFunctions()
  private readonly opened = new Set<string>()

  /** From now on other environments serve, which remember nobody. */
  replaceFunctions(): void {
    this.dispatcher = this.coldFunctions()
  }

  /** Opens a connection, as the gateway does before its first message. */
  connect(connectionId: string, userArn: string | null = SERVER_ARN): Promise<boolean> {
    this.opened.add(connectionId)
    return connected({ store: this.memory, nowMs: () => this.nowMs }, connectionId, userArn)
  }

  /** Opens a connection that is not open yet. */
  async ready(connectionId: string): Promise<void> {
    if (!this.opened.has(connectionId)) await this.connect(connectionId)
  }

  /** Sends a body over a connection, which is opened first where it is not, and returns the answer. */
  async say(connectionId: string, body: unknown, receivedMs?: number): Promise<StoreMessage> {
    await this.ready(connectionId)
    return sound(await this.dispatcher.answer({ connectionId, endpoint: 'https://stage.invalid' }, body, receivedMs))
  }

  send(player: Player, message: ClientMessage): Promise<StoreMessage> {
    return this.say(player.connectionId, JSON.stringify(message))
  }

  async join(name: string): Promise<Player> {
    const player = new Player(name)
    const answer = await this.hello(player, player.connectionId, 1)
    if (answer.type !== 'welcome') throw new Error(`${name} is not welcome: ${JSON.stringify(answer)}`)
    return player
  }

  hello({ processId, secret, name }: Player, connectionId: string, gen: number): Promise<StoreMessage> {
    return this.say(connectionId, JSON.stringify({ type: 'hello', v: 1, processId, secret, label: name, gen }))
  }

  /** A new request. */
  acquire(player: Player, session: string): Promise<StoreMessage> {
    player.r += 1
    return this.send(player, { type: 'acquire', session, r: player.r })
  }

  /** Over another connection of the same process. */
  sendOver(connectionId: string, message: ClientMessage): Promise<StoreMessage> {
    return this.say(connectionId, JSON.stringify(message))
  }

  async release(player: Player, session: string): Promise<StoreMessage> {
    const { epoch, holder } = this.lock(session) as LockRecord
    return this.send(player, { type: 'release', session, epoch, r: holder?.r ?? 1 })
  }

  lock(session: string): LockRecord | undefined {
    return readLock(this.memory.getNow('locks', lockKey(session)))
  }

  /** Fills the queue for a held lock with processes like this one, which do nothing more. */
  fillQueue(session: string, like: Player): void {
    const process = this.memory.getNow('locks', processKey(like.processId)) ?? {}
    const waiters = Array.from({ length: WAITERS_MAX }, (_, index) => new Player(`${index}`))
    for (const { processId } of waiters) this.memory.put('locks', processKey(processId), process)
    const item = this.memory.getNow('locks', lockKey(session)) ?? {}
    const seats = waiters.map(({ processId }) => seatValue({ p: processId, r: 1 }))
    this.memory.put('locks', lockKey(session), { ...item, waiters: { L: seats } })
  }

  private coldFunctions(): Dispatcher<Address> {
    const counted = <T>(answer: Promise<T>): Promise<T> => {
      this.requests += 1
      return answer
    }
    const store: Store = {
      update: (update) => counted(this.memory.update(update)),
      transact: (updates) => counted(this.memory.transact(updates)),
      get: (table, key) => counted(this.memory.get(table, key)),
      remove: (table, key) => counted(this.memory.remove(table, key)),
    }
    const api = 'stage/live'
    const { hasMetrics } = this
    const log = new Log({ api, hasMetrics, nowMs: () => this.nowMs, write: (line) => void this.lines.push(line) })
    const deps: Deps = {
      store,
      push: async (to, message) => {
        this.pushed.push({ to, message: sound(message) })
        return !this.gone.has(to.connectionId)
      },
      processes: new KnownProcesses(() => this.nowMs),
      nowMs: () => this.nowMs,
      timing: this.timing,
      incarnation: new KnownIncarnation(store, () => this.nowMs),
      namespaces: this.namespaces,
      log: (entry, measured) => {
        this.logs.push(entry)
        log.add(entry, measured)
      },
    }
    return new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS }, new ConnectedCallers(deps))
  }
}
