import { type Claimant, HOLDING, type LockOwner, without } from './deadlocks.js'
import type { LockRequest } from './lock-request.js'

/** One owner's locks in one session. */
export interface Holding extends Claimant {
  /** Grows when the owner locks more. */
  request: LockRequest
  /** Where it stands in the list: a list that knows this needs no search to lose one. */
  index: number
}

/** Who holds locks in one session. Each owner knows its holdings too. */
export class Holdings {
  private readonly list: Holding[] = []

  constructor(private readonly session: Claimant['session']) {}

  get count(): number {
    return this.list.length
  }

  of(owner: LockOwner): Holding | undefined {
    return owner.holds.find(({ session }) => session === this.session) as Holding | undefined
  }

  all(): readonly Holding[] {
    return this.list
  }

  add(owner: LockOwner, request: LockRequest): void {
    const holding: Holding = { session: this.session, owner, request, order: HOLDING, index: this.list.length }
    this.list.push(holding)
    owner.holds = [...owner.holds, holding]
  }

  remove(holding: Holding): void {
    const last = this.list.pop() as Holding
    if (last !== holding) {
      this.list[holding.index] = last
      last.index = holding.index
    }
    holding.owner.holds = without(holding.owner.holds, holding)
  }

  clear(): void {
    for (const holding of this.list) holding.owner.holds = without(holding.owner.holds, holding)
    this.list.length = 0
  }
}
