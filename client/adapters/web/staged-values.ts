import { NotLockedError } from '../../errors/index.js'
import type { Opened, Values } from '../common/client.js'

const refuseWrite = (_: Values, name: string | symbol): never => {
  throw new NotLockedError(String(name), 'request')
}

/** The attributes of a session that is not in the store yet. */
export class StagedValues {
  /** The object that the handler gets. It has no prototype: no name that the handler takes from a request is special. */
  readonly view: Values
  private readonly values: Values = Object.create(null)

  constructor(isWritable: boolean) {
    const { values } = this
    this.view = isWritable
      ? values
      : new Proxy<Values>(values, { set: refuseWrite, deleteProperty: refuseWrite, defineProperty: refuseWrite })
  }

  get isEmpty(): boolean {
    return Object.keys(this.values).length === 0
  }

  /** Makes them the attributes of a session, and its only ones. */
  moveInto({ state }: Opened): void {
    for (const name of Object.keys(state)) if (!Object.hasOwn(this.values, name)) delete state[name]
    for (const [name, value] of Object.entries(this.values)) state[name] = value
  }

  /** A later change would be lost: it throws. */
  freeze(): void {
    Object.freeze(this.values)
  }
}
