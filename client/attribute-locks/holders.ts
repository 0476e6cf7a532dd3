import { HOLDER_ORDER, type LockOwner, type LockParty, type LockScope, without } from './deadlocks.js'
import type { LockRequest } from './lock-request.js'

/** An owner, with its locks in one session. */
export interface Holder extends LockParty {
  /** Grows when the owner locks more. */
  request: LockRequest
  /** Its place in the list, so that it is removed without a search. */
  index: number
}

/** All who hold locks in one session. Each owner lists its own holds too. */
export class Holders {
  private readonly list: Holder[] = []

  constructor(private readonly scope: LockScope) {}

  get count(): number {
    return this.list.length
  }

  of(owner: LockOwner): Holder | undefined {
    return owner.holds.find(({ scope }) => scope === this.scope) as Holder | undefined
  }

  all(): readonly Holder[] {
    return this.list
  }

  add(owner: LockOwner, request: LockRequest): void {
    const { label } = owner
    const holder: Holder = { scope: this.scope, owner, label, request, order: HOLDER_ORDER, index: this.list.length }
    this.list.push(holder)
    owner.holds = [...owner.holds, holder]
  }

  remove(holder: Holder): void {
    const last = this.list.pop() as Holder
    if (last !== holder) {
      this.list[holder.index] = last
      last.index = holder.index
    }
    holder.owner.holds = without(holder.owner.holds, holder)
  }

  clear(): void {
    for (const holder of this.list) holder.owner.holds = without(holder.owner.holds, holder)
    this.list.length = 0
  }
}
