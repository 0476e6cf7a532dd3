/** What every way to keep sessions is measured with: a counter. */
export interface CountedSession {
  count: number
}

/** One way to keep sessions, in the process that uses it. */
export interface Peer {
  /** A session that was never written counts 0. */
  read(id: string): Promise<CountedSession>
  write(id: string, change: (session: CountedSession) => void): Promise<void>
  stop(): Promise<void>
}

/** A lock for one session at a time. An error ends the work, and lets go of the lock. */
export interface Locker {
  withLock<T>(id: string, work: () => Promise<T>): Promise<T>
}

/** Where sessions are, for those who only lock. */
export interface Values {
  get(id: string): Promise<CountedSession>
  put(id: string, session: CountedSession): Promise<void>
}

/** Reads, and reads and writes, each under the lock: a read without it may see what nobody keeps. */
export function lockedValues(locker: Locker, values: Values, stop: () => Promise<void>): Peer {
  return {
    read: (id) => locker.withLock(id, () => values.get(id)),
    write: (id, change) =>
      locker.withLock(id, async () => {
        const session = await values.get(id)
        change(session)
        await values.put(id, session)
      }),
    stop,
  }
}

/** Acquires again where a library gave up on a lock that others hold, as its application would. */
export async function acquired<L>(acquire: () => Promise<L>, isHeldByOthers: (error: unknown) => boolean): Promise<L> {
  for (;;) {
    try {
      return await acquire()
    } catch (error) {
      if (!isHeldByOthers(error)) throw error
    }
  }
}
