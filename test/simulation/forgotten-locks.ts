/**
 * The grants that faults made the Locks table forget, when a record vanished, fell behind, or the table was emptied. Their
 * epochs may be given again, and two may believe to hold such a lock for a lease: only the fence tells then. Grants that
 * come later are sound.
 */
export class ForgottenLocks {
  /** The last epoch of each lock that was known when its record was damaged. */
  private readonly epochs = new Map<string, number>()
  private readonly damagedAtMs = new Map<string, number>()
  /** Processes that an emptied table no longer knows. What they are granted until they learn it is not theirs for long. */
  private readonly strangers = new Set<string>()

  damaged(lock: string, lastEpoch: number, wallMs: number): void {
    this.epochs.set(lock, Math.max(lastEpoch, this.epochs.get(lock) ?? 0))
    this.damagedAtMs.set(lock, wallMs)
  }

  estranged(processes: Iterable<string>): void {
    for (const process of processes) this.strangers.add(process)
  }

  /** Whether this epoch of the lock may be given twice, or taken back unnoticed. */
  has(lock: string, epoch: number): boolean {
    return epoch <= (this.epochs.get(lock) ?? 0)
  }

  isStranger(process: string): boolean {
    return this.strangers.has(process)
  }

  /** Whether the record of this lock was damaged since then. */
  wasDamagedSince(lock: string, wallMs: number): boolean {
    return (this.damagedAtMs.get(lock) ?? 0) >= wallMs
  }
}
