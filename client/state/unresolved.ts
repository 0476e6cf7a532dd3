import type { LockRequest } from '../attribute-locks/lock-request.js'
import type { Batch } from './batch.js'

/** Which batch will bring each attribute's cached value into DynamoDB, for those that are not there yet. */
export class Unresolved {
  /** Made when there is a first one, and dropped with the last. */
  private batches: Map<string, Batch> | undefined
  /** Of a session that is not in DynamoDB yet. Every access sees that there is one. */
  birth: Batch | undefined

  get isEmpty(): boolean {
    return this.batches === undefined && this.birth === undefined
  }

  staged(batch: Batch, names: Iterable<string>, isBirth: boolean): void {
    for (const name of names) {
      this.batches ??= new Map()
      this.batches.set(name, batch)
    }
    if (isBirth) this.birth = batch
  }

  committed(batch: Batch): void {
    if (this.birth === batch) this.birth = undefined
    if (this.batches === undefined) return
    for (const name of batch.changes.keys()) if (this.batches.get(name) === batch) this.batches.delete(name)
    if (this.batches.size === 0) this.batches = undefined
  }

  /** The newest batch with a value that these locks cover. `latest` is the newest of all. */
  newestUnder(request: LockRequest, latest: Batch | undefined): Batch | undefined {
    if (request.whole !== undefined) return latest
    let newest = this.birth
    for (const names of [request.writes, request.reads]) {
      for (const name of names) {
        const batch = this.batches?.get(name)
        // Batches resolve in order, so of two the later one covers both.
        if (batch !== undefined && (newest === undefined || batch === latest)) newest = batch
      }
    }
    return newest
  }
}
