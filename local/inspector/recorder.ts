import { NOTHING } from '../../inspector/costs/consumption.js'
import { CONNECTIONS_MAX, TALLY_MS } from '../../inspector/limits.js'
import type { Fact, MessageFact, Tally } from '../../inspector/model/entry.js'
import type { Item } from '../../protocol/dynamodb.js'
import { PROCESS_ID_PATTERN } from '../../protocol/keys.js'
import type { Exchange } from '../dynamodb/proxy.js'
import type { HttpsWatch } from '../function-url/function-url.js'
import type { GatewayWatch } from '../gateway/watch.js'
import {
  isWarmUp,
  messageFact,
  parsed,
  recordFact,
  refusalFact,
  shownConnection,
  shownProcess,
  stateFact,
  type TableUpdate,
} from './facts.js'

interface RecorderOptions {
  readonly tell: (fact: Fact) => void
  readonly locksTable: string
  readonly sessionsTable: string
  /** Who the applications are, among the callers of DynamoDB: everybody else is a function. */
  readonly isFunction: (caller: string) => boolean
}

type MutableTally = { -readonly [K in keyof Tally]: Tally[K] }

const nothing = (): MutableTally & { httpsMessages: number } => ({
  ...NOTHING,
  httpsMessages: 0,
  requests: 0,
  connections: 0,
})

const READS: ReadonlySet<string> = new Set(['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'])
const CONDITION_FAILED = 'ConditionalCheckFailedException'

/** Makes facts of what the stack sees. */
export class Recorder implements GatewayWatch, HttpsWatch {
  /** The process that each connection speaks for. The oldest is the first. */
  private readonly processes = new Map<string, string>()
  /** The whole ids of the connections that the demo may cut, by the label of their process. */
  private readonly connections = new Map<string, string>()
  private readonly open = new Set<string>()
  private counted = nothing()
  private told: Tally = nothing()
  private timer: NodeJS.Timeout | undefined

  private readonly tables: ReadonlySet<string>

  constructor(private readonly options: RecorderOptions) {
    this.tables = new Set([options.locksTable, options.sessionsTable])
  }

  /** The counts begin here. */
  start(): void {
    this.counted = nothing()
    this.timer = setInterval(() => this.tally(), TALLY_MS).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** The connection of the newest process with this label. */
  connectionOf(label: string): string | undefined {
    return this.connections.get(label)
  }

  opened(connectionId: string): void {
    this.open.add(connectionId)
    this.tell({ kind: 'opened', connection: shownConnection(connectionId) })
  }

  closed(connectionId: string, code: number): void {
    this.open.delete(connectionId)
    const process = this.processes.get(connectionId)
    this.tell({ kind: 'closed', connection: shownConnection(connectionId), process, code })
  }

  received(connectionId: string, text: string): void {
    this.counted.messages += 1
    this.sent('sent', connectionId, text)
  }

  /** It costs nothing. */
  throttled(connectionId: string, text: string): void {
    this.sent('throttled', connectionId, text)
  }

  answered(connectionId: string, text: string): void {
    this.message('answered', connectionId, parsed(text) ?? {})
  }

  pushed(push: { readonly connectionId: string; readonly text: string }, delivery: 'sent' | 'lost' | 'gone' | 'full') {
    this.counted.pushes += 1
    const process = this.processes.get(push.connectionId)
    this.tell(messageFact('pushed', parsed(push.text) ?? {}, process, delivery))
  }

  posted(processId: string, text: string): void {
    this.counted.httpsMessages += 1
    this.overHttps('sent', processId, text)
  }

  replied(processId: string, text: string): void {
    this.overHttps('answered', processId, text)
  }

  /** A request to DynamoDB, and its answer. */
  exchanged({ request, outcome, units, body }: Exchange): void {
    const { input, operation, target } = request
    // An application may have other tables there, which cost what they cost without Holdfast, too.
    if (!target.split(',').every((table) => this.tables.has(table))) return
    this.count(request.caller, operation, outcome, units)
    if (operation === 'UpdateItem' && target === this.options.locksTable) {
      const fact = lockWrite(input, outcome, body)
      if (fact !== undefined) this.tell(fact)
    } else if (operation === 'UpdateItem' && target === this.options.sessionsTable) {
      this.state(input, outcome, units, false)
    } else if (operation === 'TransactWriteItems' && target === this.options.sessionsTable) {
      const { TransactItems = [] } = input as { readonly TransactItems?: readonly { readonly Update?: object }[] }
      for (const { Update } of TransactItems) if (Update !== undefined) this.state(Update, outcome, 0, true)
    }
  }

  private state(update: TableUpdate, outcome: string, units: number, isRotation: boolean): void {
    const fact = stateFact(update, outcome, units, isRotation)
    if (fact !== undefined) this.tell(fact)
  }

  private sent(way: 'sent' | 'throttled', connectionId: string, text: string): void {
    const message = parsed(text)
    if (message?.type === 'hello' && typeof message.processId === 'string') {
      remember(this.processes, connectionId, shownProcess(message.processId))
      if (typeof message.label === 'string') remember(this.connections, message.label, connectionId)
    }
    this.message(way, connectionId, message ?? {})
  }

  private message(way: MessageFact['way'], connectionId: string, message: Readonly<Record<string, unknown>>): void {
    this.tell(messageFact(way, message, this.processes.get(connectionId)))
  }

  private overHttps(way: 'sent' | 'answered', processId: string, text: string): void {
    const process = PROCESS_ID_PATTERN.test(processId) ? shownProcess(processId) : undefined
    this.tell({ ...messageFact(way, parsed(text) ?? {}, process), isHttps: true })
  }

  /** A write whose condition fails is billed as one unit, of which DynamoDB's answer does not tell. */
  private count(caller: string, operation: string, outcome: string, units: number): void {
    const { counted } = this
    const billed = outcome === CONDITION_FAILED ? 1 : units
    const isRead = READS.has(operation)
    counted.requests += 1
    if (isRead) counted.readUnits += billed
    else counted.writeUnits += billed
    if (!this.options.isFunction(caller)) return
    if (isRead) counted.functionReads += 1
    else counted.functionWrites += 1
  }

  /** A second in which nothing happened is not told. */
  private tally(): void {
    const { counted, told } = this
    counted.connections = this.open.size
    this.counted = nothing()
    const { requests, messages, httpsMessages, pushes } = counted
    const isQuiet = requests + messages + httpsMessages + pushes === 0 && told.requests + told.messages === 0
    if (isQuiet && counted.connections === told.connections) return
    this.told = counted
    this.tell({ kind: 'tally', ...counted })
  }

  private tell(fact: Fact): void {
    if (!isWarmUp(fact)) this.options.tell(fact)
  }
}

/** What a write to Locks tells. One whose condition fails tells nothing: the functions try writes in turn. */
function lockWrite({ Key, ExpressionAttributeValues = {} }: TableUpdate, outcome: string, body: Buffer | undefined) {
  const key = Key?.pk?.S
  if (key === undefined || outcome === CONDITION_FAILED) return undefined
  if (outcome !== 'ok') return refusalFact(key, ExpressionAttributeValues, outcome)
  const { Attributes } = (body === undefined ? {} : JSON.parse(body.toString())) as { readonly Attributes?: Item }
  return recordFact(key, Attributes)
}

function remember(map: Map<string, string>, key: string, value: string): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > CONNECTIONS_MAX && oldest !== undefined) map.delete(oldest)
}
