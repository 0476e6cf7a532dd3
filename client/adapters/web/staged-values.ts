import { inspect } from 'node:util'
import { NotLockedError, SessionReleasedError } from '../../errors/index.js'
import type { Opened, Values } from '../common/client.js'

/** The attributes of a session that is not in the store yet, and of that session once it is made. */
export class StagedValues {
  /** The object that the handler gets. It has no prototype: no name that the handler takes from a request is special. */
  readonly view: Values
  private readonly values: Values = Object.create(null)
  /** Where the attributes are now: other accesses to the session see them, and change them. */
  private current = this.values
  /** Why a change would be lost. */
  private refusal: ((name: string) => Error) | undefined

  constructor(isWritable: boolean) {
    if (!isWritable) this.refusal = (name) => new NotLockedError(name, 'request')
    // Node.js shows the target of a proxy.
    Object.defineProperty(this.values, inspect.custom, {
      configurable: true,
      value: () => (this.current === this.values ? { ...this.values } : this.current),
    })
    this.view = new Proxy<Values>(this.values, {
      get: (_, name) => Reflect.get(this.current, name),
      set: (_, name, value) => Reflect.set(this.current, this.changed(name), value),
      has: (_, name) => Reflect.has(this.current, name),
      ownKeys: () => Reflect.ownKeys(this.current).filter((name) => typeof name === 'string'),
      getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(this.current, name),
      defineProperty: (_, name, property) => Reflect.defineProperty(this.current, this.changed(name), property),
      deleteProperty: (_, name) => Reflect.deleteProperty(this.current, this.changed(name)),
    })
  }

  get isEmpty(): boolean {
    return Object.keys(this.values).length === 0
  }

  /** Makes them the attributes of a session, and its only ones. From then on they are changed there. */
  moveInto({ state }: Opened): void {
    if (this.current === state) return
    for (const name of Object.keys(state)) if (!Object.hasOwn(this.values, name)) delete state[name]
    for (const [name, value] of Object.entries(this.values)) state[name] = value
    this.current = state
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
