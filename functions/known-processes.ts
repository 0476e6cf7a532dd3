import type { ProcessRecord } from '../protocol/process/record.js'
import { RecentMap } from '../protocol/recent-map.js'
import { REMEMBERED_PROCESSES_MAX } from './limits.js'

/** Where a process listens, and a time until which its lease runs. */
type KnownProcess = Pick<ProcessRecord, 'connectionId' | 'endpoint' | 'label' | 'leaseUntil'>

/**
 * The processes that this environment has read in the table, each while the lease that it had then runs. A lease is only
 * extended, unless its process retires, so the process most probably lives. That is enough to push a message to it. It is
 * never enough to take a lock from it: who may have to do that reads the record.
 */
export class KnownProcesses {
  private readonly known = new RecentMap<string, KnownProcess>(REMEMBERED_PROCESSES_MAX)

  constructor(private readonly nowMs: () => number) {}

  recall(processId: string): KnownProcess | undefined {
    const found = this.known.get(processId)
    if (found === undefined || found.leaseUntil >= this.nowMs()) return found
    this.known.delete(processId)
    return undefined
  }

  /** The record of a process as it was just read or written; undefined where there is none. */
  learn(processId: string, process: ProcessRecord | undefined): void {
    if (process === undefined) return this.forget(processId)
    const { connectionId, endpoint, label, leaseUntil } = process
    this.known.set(processId, { connectionId, endpoint, label, leaseUntil })
  }

  /** A process has sent a message. If not over the remembered connection, a newer one has taken that one's place. */
  heard(processId: string, connectionId: string): void {
    if (this.known.get(processId)?.connectionId !== connectionId) this.known.delete(processId)
  }

  forget(processId: string): void {
    this.known.delete(processId)
  }
}
