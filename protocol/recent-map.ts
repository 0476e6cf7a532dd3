/** A map that never grows beyond `sizeMax`: a new entry replaces the entry that was set longest ago. */
export class RecentMap<K, V> {
  private readonly entries = new Map<K, V>()

  constructor(private readonly sizeMax: number) {}

  get(key: K): V | undefined {
    return this.entries.get(key)
  }

  /** Sets an entry, which then is the newest. */
  set(key: K, value: V): void {
    // Deleted first: a Map keeps its entries in the order in which their keys were added.
    this.entries.delete(key)
    this.entries.set(key, value)
    if (this.entries.size > this.sizeMax) this.deleteOldest()
  }

  delete(key: K): void {
    this.entries.delete(key)
  }

  private deleteOldest(): void {
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest)
      return
    }
  }
}
