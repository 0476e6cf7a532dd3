import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { HoldfastError } from '../errors/index.js'

/** When a batch is written. With write-back it may wait until it is due. */
export type When = 'now' | 'later'

/** The changes of one or more accesses, which land together or not at all. */
export class Batch {
  readonly changes = new Map<string, AttributeValue | undefined>()
  isDue = false
  /** Accesses that have resolved before their changes were written. */
  writtenBehind = 0
  readonly done: Promise<void>
  resolve!: () => void
  reject!: (error: HoldfastError) => void

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Its accesses await it, unless all of them have failed already for another reason.
    this.done.catch(() => {})
  }
}
