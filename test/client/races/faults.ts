import type { Update, UpdateOutcome } from '../../../protocol/dynamodb.js'
import { evict } from '../../../protocol/process/writes.js'
import type { World } from '../../support/world.js'
import type { Order } from './order.js'
import type { Plan, Trouble } from './plan.js'
import type { Watch } from './watch.js'

/** The network and the tables of a race: everything is under way for a while, and some of it is lost. */
export class Faults {
  private messages = 0
  private writes = 0

  constructor(
    private readonly plan: Plan,
    private readonly world: World,
    private readonly order: Order,
    private readonly watch: Watch,
  ) {
    world.pushCopies = plan.pushCopies
    world.onPush = () => this.passes()
    world.onSend = (text) => {
      watch.sent(text)
      return this.passes()
    }
    world.onRequest = (arrive) => order.happen('request', arrive)
    world.onDeliver = (arrive) => (order.isCalm ? queueMicrotask(arrive) : order.happen('delivery', arrive))
    world.onStateWrite = (update, write) => this.stateWrite(update, write)
  }

  private passes(): boolean {
    this.messages += 1
    return this.order.isCalm || !this.plan.lost.includes(this.messages)
  }

  private async stateWrite(update: Update, write: () => Promise<UpdateOutcome>): Promise<UpdateOutcome> {
    const { order, watch, world } = this
    const fate = this.order.isCalm ? 'ok' : (this.plan.writes[this.writes++] ?? 'ok')
    const land = async () => {
      const outcome = await write()
      if (outcome.applied) watch.stored(update.key, world.memory.snapshot().sessions.get(update.key))
      return outcome
    }
    watch.write(update, 1)
    try {
      await order.turn(`write ${fate}`)
      if (fate === 'ok' || fate === 'unanswered') {
        const outcome = await land()
        await order.turn('answer to a write')
        if (fate === 'ok') return outcome
      } else if (fate === 'late') order.happen('late write', () => void land())
      const httpStatusCode = fate === 'refused' ? 400 : undefined
      throw Object.assign(new Error(`a write was ${fate}`), { $metadata: { httpStatusCode } })
    } finally {
      watch.write(update, -1)
    }
  }

  async strike(trouble: Trouble, clients: readonly object[]): Promise<void> {
    const { world, plan } = this
    if (this.order.isCalm) return
    if (trouble.kind === 'cut') return world.cutConnections()
    if (trouble.kind === 'freeze') return world.clock.freeze(trouble.ms)
    const index = trouble.client % plan.clients
    if (trouble.kind === 'partition') {
      const client = clients[index] as object
      world.partition(client)
      return this.order.happen('heal', () => world.partition(client, false))
    }
    const processId = this.processIds(index).at(-1)
    if (processId !== undefined) await world.memory.update(evict(processId, world.clock.wallMs())).catch(() => {})
  }

  /** The names under which a client has introduced itself. */
  private processIds(index: number): string[] {
    const hellos = this.world.traffic.sent.map((text) => JSON.parse(text) as Record<string, string>)
    return hellos
      .filter(({ type, label }) => type === 'hello' && label === `${index}`)
      .map((m) => m.processId as string)
  }
}
