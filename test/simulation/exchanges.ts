import { lockKey } from '../../protocol/keys.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import type { CloudWorld } from './cloud-world.js'
import type { Exchange } from './exchange.js'
import type { FunctionCall } from './functions.js'
import { type Invocation, invocations } from './invocation.js'
import { WALL_AT_START_MS } from './machine.js'

/** What functions carry out for processes, over connections and over HTTPS. */
export class Exchanges {
  /** Told when a message is answered. */
  onAnswered: (exchange: Exchange) => void = () => {}
  /** How many pushes there were about each session. */
  private readonly pushes = new Map<string, number>()

  constructor(private readonly world: CloudWorld) {}

  /** A function pushes a message. */
  pushed(message: StoreMessage): void {
    if (!('session' in message) || message.session === undefined) return
    this.pushes.set(message.session, 1 + (this.pushes.get(message.session) ?? 0))
  }

  /** A function carries out a message of this process, and answers. */
  async carryOut(p: string, message: ClientMessage, call: () => FunctionCall) {
    const { database, timeline, counts, executed, points } = this.world
    const session = 'session' in message ? message.session : ''
    const before = session === '' ? undefined : database.memory.getNow('locks', lockKey(session))
    const pushesBefore = this.pushes.get(session) ?? 0
    const arrivedAtMs = WALL_AT_START_MS + timeline.nowMs
    const invocation: Invocation = { gone: undefined, pushed: [], wrote: [] }
    const { machine, answer: answered } = invocations.run(invocation, call)
    const answer = JSON.parse((await answered).body) as StoreMessage
    const pushes = (this.pushes.get(session) ?? 0) - pushesBefore
    this.onAnswered({ p, message, answer, before, pushes, arrivedAtMs, ...invocation })
    points.pass(machine, `function answers ${answer.type}`, () => {})
    if (answer.type === 'queued' && answer.since !== undefined) counts.hit('queueFull')
    executed.answered(message, answer)
    return { machine, answer }
  }
}
