import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../protocol/dynamodb.js'
import { readIncarnation } from '../../protocol/incarnation.js'
import { INCARNATION_KEY, lockKey, processKey, type SessionKey } from '../../protocol/keys.js'
import { type LockRecord, lastChangeMs, readLock } from '../../protocol/lock/record.js'
import { type ProcessRecord, readProcess } from '../../protocol/process/record.js'
import { keyOf } from '../../protocol/record-fields.js'
import { readSession, type SessionRecord } from '../../protocol/state/record.js'
import type { Target } from './target.js'

/** A lock with the time of its last grant or release. */
export interface Lock extends LockRecord {
  /** As {@link lastChangeMs}. */
  readonly since: number
}

/** What the Locks table holds. */
export interface Records {
  readonly locks: ReadonlyMap<SessionKey, Lock>
  readonly processes: ReadonlyMap<string, ProcessRecord>
  readonly connections: number
  /** Records that this version did not write. */
  readonly unreadable: number
  /** More records are there than were read. */
  readonly isPartial: boolean
}

const SESSION = lockKey('')
const PROCESS = processKey('')

/** Reads the Locks table, with eventual consistency, at half a read unit for 4 KB. */
export async function scanLocks(target: Target, recordsMax: number): Promise<Records> {
  const table = await target.locksTable()
  const locks = new Map<SessionKey, Lock>()
  const processes = new Map<string, ProcessRecord>()
  let [count, connections, unreadable] = [0, 0, 0]
  let from: Record<string, never> | undefined
  do {
    const request = new ScanCommand({ TableName: table, ExclusiveStartKey: from, Limit: recordsMax - count })
    const { Items = [], LastEvaluatedKey } = await target.dynamo.send(request)
    count += Items.length
    for (const item of Items as Item[]) {
      const pk = keyOf(item)
      try {
        const lock = pk.startsWith(SESSION) ? lockIn(item) : undefined
        const process = pk.startsWith(PROCESS) ? readProcess(item) : undefined
        if (lock !== undefined) locks.set(pk.slice(SESSION.length), lock)
        else if (process !== undefined) processes.set(pk.slice(PROCESS.length), process)
        else connections += 1
      } catch {
        unreadable += 1
      }
    }
    from = LastEvaluatedKey as typeof from
  } while (from !== undefined && count < recordsMax)
  return { locks, processes, connections, unreadable, isPartial: from !== undefined }
}

export async function getLock(target: Target, key: SessionKey): Promise<Lock | undefined> {
  return lockIn(await get(target, await target.locksTable(), lockKey(key)))
}

export async function getProcess(target: Target, processId: string): Promise<ProcessRecord | undefined> {
  return readProcess(await get(target, await target.locksTable(), processKey(processId)))
}

export async function getIncarnation(target: Target): Promise<number> {
  return readIncarnation(await get(target, await target.locksTable(), INCARNATION_KEY))
}

export async function getSession(target: Target, key: SessionKey): Promise<SessionRecord | undefined> {
  return readSession(await get(target, target.config.sessionsTable, key))
}

async function get(target: Target, table: string, key: string): Promise<Item | undefined> {
  const request = new GetItemCommand({ TableName: table, Key: { pk: { S: key } }, ConsistentRead: true })
  return (await target.dynamo.send(request)).Item as Item | undefined
}

function lockIn(item: Item | undefined): Lock | undefined {
  const lock = readLock(item)
  if (lock === undefined || item === undefined) return undefined
  return { ...lock, since: lastChangeMs(item) }
}
