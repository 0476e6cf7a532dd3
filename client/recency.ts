/** Items in the order of their last use: constant time to use, remove, and find the least recently used. */
export class Recency<T> {
  private readonly nodes = new Map<T, Node<T>>()
  private readonly ends: Ends<T> = { older: undefined, newer: undefined }

  get size(): number {
    return this.nodes.size
  }

  get leastRecent(): T | undefined {
    return this.ends.newer?.item
  }

  items(): IterableIterator<T> {
    return this.nodes.keys()
  }

  /** Adds the item, or makes it the most recently used. */
  use(item: T): void {
    let node = this.nodes.get(item)
    if (node === undefined) {
      node = { item, older: undefined, newer: undefined }
      this.nodes.set(item, node)
    } else if (this.ends.older === node) return
    else this.unlink(node)
    node.older = this.ends.older
    node.newer = undefined
    if (node.older === undefined) this.ends.newer = node
    else node.older.newer = node
    this.ends.older = node
  }

  remove(item: T): void {
    const node = this.nodes.get(item)
    if (node === undefined) return
    this.nodes.delete(item)
    this.unlink(node)
  }

  private unlink(node: Node<T>): void {
    ;(node.older ?? this.ends).newer = node.newer
    ;(node.newer ?? this.ends).older = node.older
  }
}

interface Ends<T> {
  /** The most recently used: what is older than the end. */
  older: Node<T> | undefined
  /** The least recently used: what is newer than the beginning. */
  newer: Node<T> | undefined
}

interface Node<T> extends Ends<T> {
  readonly item: T
}
