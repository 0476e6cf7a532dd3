import { NotLockedError, SessionReleasedError } from '../../errors/index.js'
import type { Opened, Values } from '../common/client.js'

/** The attributes of a session that is not in the store yet. */
export class StagedValues {
  /** The object that the handler gets. It has no prototype: no name that the handler takes from a request is special. */
  readonly view: Values
  private readonly values: Values = Object.create(null)
  /** Why a change would be lost. */
  private refusal: ((name: string) => Error) | undefined

  constructor(isWritable: boolean) {
    if (!isWritable) this.refusal = (name) => new NotLockedError(name, 'request')
    this.view = new Proxy<Values>(this.values, {
      defineProperty: (values, name, property) => Reflect.defineProperty(values, this.changed(name), property),
      deleteProperty: (values, name) => Reflect.deleteProperty(values, this.changed(name)),
    })
  }

  get isEmpty(): boolean {
    return Object.keys(this.values).length === 0
  }

  /** Makes them the attributes of a session, and its only ones. */
  moveInto({ state }: Opened): void {
    for (const name of Object.keys(state)) if (!Object.hasOwn(this.values, name)) delete state[name]
    for (const [name, value] of Object.entries(this.values)) state[name] = value
  }

  /** Refuses changes while the session is closed: they would come too late for it. It may fail, and be closed again. */
  async during(close: () => Promise<void>): Promise<void> {
    this.refusal = () => new SessionReleasedError('release')
    try {
      await close()
    } catch (error) {
      this.refusal = undefined
      throw error
    }
  }

  /** A later change would be lost: it throws. */
  end(error: () => Error): void {
    this.refusal = error
  }

  private changed(name: string | symbol): string | symbol {
    if (this.refusal !== undefined) throw this.refusal(String(name))
    return name
  }
}
