import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { UndefinedValues } from '../codec/index.js'
import { SchemaCheck } from '../options/schemas.js'
import { AttributeCache, type AttributeRules, type Changes } from '../state/attribute-cache.js'
import type { Attributes } from './messages.js'
import { fromWire, type WireError } from './wire-error.js'

interface Received {
  readonly stored: AttributeValue
  readonly current: AttributeValue | undefined
  readonly problem: WireError | undefined
}

interface Sent {
  readonly changes: Changes
  /** It has all changes of the access, and not only those of a nested one. */
  readonly isWhole: boolean
  /** The values before. */
  readonly before: Map<string, AttributeValue | undefined>
}

/** No limits and no schemas: the main thread checks both, and runs the schemas when it reads and when it commits. */
export const rulesWith = (undefinedValues: UndefinedValues): AttributeRules => ({
  schemas: new SchemaCheck(),
  attributeBytesMax: Number.MAX_SAFE_INTEGER,
  sessionBytesMax: Number.MAX_SAFE_INTEGER,
  undefinedValues,
})

/** The attributes of a session in a worker thread, as the main thread has sent them, and as commits have left them since. */
export class WorkerAttributes extends AttributeCache {
  private readonly received = new Map<string, Received>()
  /** Commits that the main thread has not answered, in their order. */
  private readonly sent = new Set<Sent>()

  receive(attributes: Attributes): void {
    for (const [name, stored, current, problem] of attributes) {
      this.apply(new Map([[name, stored]]))
      this.received.set(name, { stored, current, problem })
    }
  }

  /** As the schema of the main thread's client returns it, until it is changed. */
  override current(name: string): AttributeValue | undefined {
    const received = this.received.get(name)
    if (received === undefined || received.stored !== this.encoded(name)) return super.current(name)
    if (received.problem !== undefined) throw fromWire(received.problem)
    return received.current ?? received.stored
  }

  /**
   * Takes over changes while they are committed: as in the main thread, they count as committed at once. Where they are
   * refused, the values are again as before.
   */
  async whileSent<T>(own: Changes, isWhole: boolean, commit: (changes: Changes) => Promise<T>): Promise<T> {
    const changes = isWhole ? this.withUnanswered(own) : own
    const before = new Map([...changes.keys()].map((name) => [name, this.encoded(name)]))
    const sent: Sent = { changes, isWhole, before }
    this.apply(changes)
    this.sent.add(sent)
    try {
      return await commit(changes)
    } catch (error) {
      this.takeBack(sent)
      throw error
    } finally {
      this.sent.delete(sent)
    }
  }

  get isAnySent(): boolean {
    return this.sent.size > 0
  }

  /** An earlier commit may be refused: then its changes are those of the next one. */
  private withUnanswered(changes: Changes): Changes {
    const names = [...this.sent].flatMap((sent) => (sent.isWhole ? [...sent.changes.keys()] : []))
    return new Map([...names.map((name) => [name, this.encoded(name)] as const), ...changes])
  }

  /** A later commit that changes the same attribute, and is refused as well, goes back to the value before both. */
  private takeBack(sent: Sent): void {
    const others = [...this.sent]
    const later = others.slice(others.indexOf(sent) + 1)
    for (const [name, value] of sent.before) {
      const next = later.find(({ changes }) => changes.has(name))
      if (next !== undefined) next.before.set(name, value)
      else this.apply(new Map([[name, value]]))
    }
  }
}
