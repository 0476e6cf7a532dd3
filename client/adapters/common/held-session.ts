import { decodeValue } from '../../codec/index.js'
import { NotLockedError } from '../../errors/index.js'
import { type Opened, surround, type Task } from './client.js'
import type { LoadedSession } from './options.js'
import { changesOf, type Encoded, NO_VALUES, type ValueChanges, type ValueRules } from './values.js'

/** A session that a request holds under locks on all of it. */
export class HeldSession {
  private seen: Encoded = NO_VALUES
  private isOver = false
  /** Accesses of the request join the session no more. */
  private readonly leave: () => void

  /** @param isWritable it is locked for writing. */
  constructor(
    private readonly session: Opened,
    private readonly rules: ValueRules,
    private readonly isWritable: boolean,
    request: Task,
  ) {
    this.leave = surround(session, request)
  }

  /** It is held still, and was not destroyed. */
  get isHeld(): boolean {
    return !this.isOver
  }

  get ttlMs(): number {
    return this.session.ttlMs
  }

  get loaded(): LoadedSession {
    const { session, rules, seen } = this
    return { values: rules.copy(seen), ttlMs: session.ttlMs, aliveUntil: session.aliveUntil }
  }

  /** Sees the session as it was last saved. */
  async reload(): Promise<void> {
    this.seen = this.rules.snapshot(this.session.state).seen
  }

  changes(values: Encoded): ValueChanges | undefined {
    return changesOf(this.seen, values)
  }

  async save(values: Encoded, ttlMs: number): Promise<void> {
    const changes = this.changes(values)
    const undo = this.undoing(changes)
    try {
      if (changes !== undefined) this.assign(changes)
      this.setTtl(ttlMs)
      // Without changes too: what the request has seen must be committed, and the session must not be lost.
      await this.session.commit()
    } catch (error) {
      undo()
      throw error
    }
    this.seen = changes?.seen ?? this.seen
  }

  /**
   * The last save of the request, or its end without one. It frees the locks when it begins to write, as the end of an
   * access does: requests behind it in this process go on, and their commits join it.
   */
  async finish(values: Encoded | undefined, ttlMs: number): Promise<void> {
    const { session } = this
    try {
      const changes = values === undefined ? undefined : this.changes(values)
      if (changes !== undefined) {
        this.checkWritable(changes)
        this.assign(changes)
      } else if (session.isNew && values === undefined) return await this.release()
      this.setTtl(ttlMs)
      this.over()
      await session.close()
    } catch (error) {
      await this.release()
      throw error
    }
  }

  /** The end of the use extends the life where that is due. Only another lifetime is written here. */
  async touch(ttlMs: number): Promise<void> {
    // A session whose first save has failed must not begin its life now.
    if (this.session.isNew) return
    this.setTtl(ttlMs)
    await this.session.commit()
  }

  /** @param others ends a session that is not locked for that. */
  async destroy(others: () => Promise<void>): Promise<void> {
    if (!this.isWritable) await this.release()
    if (this.isOver) return others()
    this.over()
    await this.session.destroy()
  }

  /** Drops what was not saved, and frees the locks. */
  async release(): Promise<void> {
    this.over()
    await this.session[Symbol.asyncDispose]()
  }

  private checkWritable(changes: ValueChanges): void {
    if (!this.isWritable) throw new NotLockedError(namesOf(changes)[0] as string, 'request')
  }

  private over(): void {
    this.isOver = true
    this.leave()
  }

  private setTtl(ttlMs: number): void {
    if (this.session.ttlMs !== ttlMs) this.session.ttlMs = ttlMs
  }

  private assign({ set, deleted }: ValueChanges): void {
    const { session } = this
    // Copies: the request may go on to change its own values without saving them.
    for (const [name, encoded] of set) session.state[name] = decodeValue(encoded)
    for (const name of deleted) session.delete(name)
  }

  /** A function that undoes these changes, where they are refused. */
  private undoing(changes: ValueChanges | undefined): () => void {
    if (changes === undefined) return () => {}
    const { session } = this
    this.checkWritable(changes)
    const names = namesOf(changes)
    const before = names.map((name) => [name, session.state[name]] as const)
    return () => {
      // A session that was lost has nothing to undo.
      if (session.signal.aborted) return
      for (const [name, value] of before) {
        if (value === undefined) session.delete(name)
        else session.state[name] = value
      }
    }
  }
}

const namesOf = ({ set, deleted }: ValueChanges): readonly string[] => [...set.keys(), ...deleted]
