import { Redis } from 'ioredis'
import { Mutex } from 'redis-semaphore'
import Redlock from 'redlock'
import { LEASE_MS, REDIS_SOCKET } from './names.js'
import { acquired, type CountedSession, type Locker, lockedValues, type Peer, type Values } from './peer.js'

/** Redis answers in a fraction of a millisecond: it is asked again as soon as a timer can, and until it grants. */
const REDLOCK_TUNED = { retryCount: -1, retryDelay: 2, retryJitter: 1 }
const REDIS_SEMAPHORE_TUNED = { retryInterval: 1, acquireTimeout: 600_000 }

export function openRedlock(isTuned: boolean): Peer {
  const redis = connect()
  // Its types know another client; it calls this one as well.
  const redlock = new Redlock([redis as unknown as Redlock.CompatibleRedisClient], isTuned ? REDLOCK_TUNED : {})
  const locker: Locker = {
    async withLock(id, work) {
      const acquire = async () => redlock.acquire(`lock:${id}`, LEASE_MS)
      const lock = await acquired(acquire, (error) => error instanceof Redlock.LockError)
      try {
        return await work()
      } finally {
        await lock.unlock()
      }
    },
  }
  return lockedValues(locker, valuesOf(redis), () => stop(redis))
}

export function openRedisSemaphore(isTuned: boolean): Peer {
  const redis = connect()
  const options = isTuned ? REDIS_SEMAPHORE_TUNED : {}
  const locker: Locker = {
    async withLock(id, work) {
      const mutex = new Mutex(redis, id, options)
      // It has waited for acquireTimeout when it says no.
      for (; !(await mutex.tryAcquire()); );
      try {
        return await work()
      } finally {
        await mutex.release()
      }
    },
  }
  return lockedValues(locker, valuesOf(redis), () => stop(redis))
}

/** As a session store without a lock: the last set wins. */
export function openRedisValues(): Peer {
  const redis = connect()
  const values = valuesOf(redis)
  return {
    read: (id) => values.get(id),
    async write(id, change) {
      const session = await values.get(id)
      change(session)
      await values.put(id, session)
    },
    stop: () => stop(redis),
  }
}

const connect = (): Redis => new Redis({ path: process.env[REDIS_SOCKET] ?? '' })

const valuesOf = (redis: Redis): Values => ({
  get: async (id) => ({ count: 0, ...(JSON.parse((await redis.get(`session:${id}`)) ?? '{}') as object) }),
  put: async (id: string, session: CountedSession) => void (await redis.set(`session:${id}`, JSON.stringify(session))),
})

async function stop(redis: Redis): Promise<void> {
  await redis.quit()
}
