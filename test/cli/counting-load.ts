import { type Holdfast, HoldfastError } from '../../client/index.js'
import type { Shop } from './cli-stack.js'

/** What operators do ends accesses in these ways, and in no other. */
const EXPECTED = new Set(['SESSION_LOST', 'COMMIT_UNKNOWN', 'WAIT_TIMEOUT'])

/** Clients that count in sessions of theirs without a pause, and the tally of it. */
export class CountingLoad {
  /** Counts that were acknowledged, and those whose fate is not known, by session. */
  readonly acknowledged = new Map<string, number>()
  readonly unknown = new Map<string, number>()
  private isOver = false
  private readonly loops: Promise<void>[]

  constructor(clients: readonly Holdfast<Shop>[], ids: readonly string[]) {
    this.loops = clients.flatMap((client) => ids.map((id) => this.count(client, id)))
  }

  async stop(): Promise<void> {
    this.isOver = true
    await Promise.all(this.loops)
  }

  /** Resolves when every session has been counted in once more by the clients. */
  async goesOn(): Promise<void> {
    const before = new Map(this.acknowledged)
    const has = () => [...this.acknowledged].every(([id, count]) => count > (before.get(id) ?? 0) + 1)
    while (before.size === 0 ? this.acknowledged.size === 0 : !has()) await new Promise((tick) => setImmediate(tick))
  }

  private async count(client: Holdfast<Shop>, id: string): Promise<void> {
    while (!this.isOver) {
      try {
        await client.access(id, { write: ['count'] }, ({ state }) => {
          state.count = (state.count ?? 0) + 1
        })
        add(this.acknowledged, id)
      } catch (error) {
        if (!(error instanceof HoldfastError) || !EXPECTED.has(error.code)) throw error
        if (error.effect === 'unknown') add(this.unknown, id)
      }
    }
  }
}

const add = (counts: Map<string, number>, id: string): unknown => counts.set(id, (counts.get(id) ?? 0) + 1)
