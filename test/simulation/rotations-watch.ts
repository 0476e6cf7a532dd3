import type { Update } from '../../protocol/dynamodb.js'
import type { Judge } from './judge.js'

/** Whether a rotation has moved its session, and what its caller was told of that. */
export class RotationsWatch {
  /** The new ids of those that have landed. */
  private readonly moved = new Set<string>()
  private readonly failed = new Set<string>()

  constructor(private readonly judge: Judge) {}

  wrote(update: Update): void {
    if (update.values[':next'] !== undefined) this.moved.add(update.key)
  }

  succeeded(to: string): void {
    if (!this.moved.has(to)) this.judge.violate('4', 'a rotation has succeeded, and the session has not moved')
  }

  /** Its caller was told that it had no effect. */
  failedWithoutEffect(to: string): void {
    this.failed.add(to)
  }

  /** At the end of a run. */
  check(): void {
    for (const to of this.failed) {
      if (this.moved.has(to)) this.judge.violate('14', 'a rotation failed without effect and moved the session')
    }
  }
}
