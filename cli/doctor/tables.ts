import { randomBytes } from 'node:crypto'
import {
  type AttributeValue,
  BatchGetItemCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../protocol/dynamodb.js'
import { lockKey } from '../../protocol/keys.js'
import { keyOf } from '../../protocol/record-fields.js'
import { absenceOf, readSession } from '../../protocol/state/record.js'
import { RECORDS_DEFAULT, SAMPLED_SESSIONS } from '../limits.js'
import { CURES, problemOf } from '../stack/problems.js'
import { type Records, scanLocks } from '../stack/records.js'
import type { Target } from '../stack/target.js'
import { plural, shortKey } from '../view/words.js'
import { type Finding, finding, findingOf } from './findings.js'
import type { Said } from './report.js'

/** A lock record lives 7 days beyond its last grant or release: a session that was used since must have one. */
const LOCK_KNOWN_MS = 6 * 24 * 3_600_000
/** A holder has long answered, or been passed over. */
const STUCK_MS = 5 * 60_000
const TTL_ATTRIBUTE = 'expiresAt'
const NAMED_MAX = 5

/** Whether this may be read, is the right table, and removes what has expired. */
export async function checkSessions(target: Target, namespace: string | undefined): Promise<Said> {
  const table = target.config.sessionsTable
  try {
    const Key = { pk: { S: `holdfast-doctor#${randomBytes(16).toString('base64url')}` } }
    await target.dynamo.send(new GetItemCommand({ TableName: table, Key, ConsistentRead: true }))
  } catch (error) {
    return { findings: [findingOf(error, table)] }
  }
  const findings = await ttlOf(target, table)
  try {
    const items = await sampleOf(target)
    const strangers = items.filter((item) => item.fence === undefined).length
    if (strangers > 0) {
      const what = `${plural(strangers, 'record')} of table ${table} are no sessions`
      findings.push({ code: 'TABLE_WRONG', what, cure: CURES.TABLE_WRONG, severity: 'fault' })
    }
    findings.push(...unreadable(items.filter((item) => item.fence !== undefined)), ...namespaceOf(items, namespace))
  } catch (error) {
    findings.push(notVisibleOr(error, table))
  }
  return { detail: table, findings }
}

export async function checkLocks(target: Target): Promise<Said> {
  let table: string
  try {
    table = await target.locksTable()
  } catch (error) {
    return { findings: [notVisibleOr(error, undefined)] }
  }
  return { detail: table, findings: await ttlOf(target, table) }
}

/** Looks for traces of trouble in the records: of an emptied table, of another version, of queues that stand. */
export async function checkRecords(target: Target): Promise<Said> {
  try {
    const records = await scanLocks(target, RECORDS_DEFAULT)
    const findings = [...(await emptied(target)), ...stuck(records, Date.now())]
    if (records.unreadable > 0) {
      const what = `${plural(records.unreadable, 'record')} of the Locks table cannot be read`
      findings.push(finding('RECORDS_OF_OTHER_VERSION', what))
    }
    const detail = `${plural(records.locks.size, 'lock')}, ${plural(records.processes.size, 'process', 'processes')}`
    return { detail, findings }
  } catch (error) {
    return { findings: [notVisibleOr(error, 'Locks')] }
  }
}

async function ttlOf({ dynamo }: Target, table: string): Promise<Finding[]> {
  try {
    const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: table }))
    const { TimeToLiveStatus: status, AttributeName: name } = TimeToLiveDescription ?? {}
    if ((status === 'ENABLED' || status === 'ENABLING') && name === TTL_ATTRIBUTE) return []
    const state = name === undefined ? 'has no TTL' : `has TTL on '${name}' (${status})`
    return [finding('TTL_MISSING', `table ${table} ${state}: what has expired stays, and is paid for`)]
  } catch (error) {
    return [notVisibleOr(error, table)]
  }
}

async function sampleOf({ dynamo, config }: Target): Promise<Item[]> {
  const request = new ScanCommand({ TableName: config.sessionsTable, Limit: 4 * SAMPLED_SESSIONS })
  return ((await dynamo.send(request)).Items ?? []) as Item[]
}

function unreadable(items: readonly Item[]): Finding[] {
  const problems = items.flatMap((item) => {
    try {
      readSession(item)
      return []
    } catch (error) {
      return [(error as Error).message]
    }
  })
  if (problems.length === 0) return []
  return [finding('RECORDS_OF_OTHER_VERSION', `${plural(problems.length, 'session')} cannot be read: ${problems[0]}`)]
}

function namespaceOf(items: readonly Item[], namespace: string | undefined): Finding[] {
  const known = [...new Set(items.map((item) => keyOf(item).split('#', 1)[0] ?? ''))]
  if (namespace === undefined || known.length === 0 || known.includes(namespace)) return []
  const names = known.slice(0, NAMED_MAX).join(', ')
  return [
    finding(
      'NAMESPACE_UNKNOWN',
      `no session of '${namespace}' is among those looked at; there are ${names}`,
      'warning',
    ),
  ]
}

/** Sessions that were used in the last days, and whose lock has no record. */
async function emptied(target: Target): Promise<Finding[]> {
  const nowMs = Date.now()
  const items = await sampleOf(target).catch(() => [])
  const keys = items.flatMap((item) => (isInUse(item, nowMs) ? [keyOf(item)] : [])).slice(0, SAMPLED_SESSIONS)
  if (keys.length === 0) return []
  const table = await target.locksTable()
  const Keys: Record<string, AttributeValue>[] = keys.map((key) => ({ pk: { S: lockKey(key) } }))
  const RequestItems = { [table]: { Keys, ProjectionExpression: 'pk', ConsistentRead: true } }
  const { Responses = {} } = await target.dynamo.send(new BatchGetItemCommand({ RequestItems }))
  const missing = keys.length - (Responses[table]?.length ?? 0)
  if (missing === 0) return []
  const what = `${missing} of ${keys.length} sessions that are in use have no lock record`
  return [finding('LOCKS_EMPTIED', what, missing === keys.length ? 'fault' : 'warning')]
}

function isInUse(item: Item, nowMs: number): boolean {
  try {
    const record = readSession(item)
    if (record === undefined || absenceOf(record, nowMs) !== undefined) return false
    return nowMs - record.accessedAt < LOCK_KNOWN_MS
  } catch {
    return false
  }
}

function stuck({ locks }: Records, nowMs: number): Finding[] {
  const standing = [...locks].filter(
    ([, { waiters, askedAt }]) => waiters.length > 0 && askedAt !== undefined && nowMs - askedAt > STUCK_MS,
  )
  const [first] = standing
  if (first === undefined) return []
  const [key, { waiters }] = first
  const what = `${plural(standing.length, 'session')} with waiters and a holder that was asked minutes ago, such as `
  return [finding('QUEUE_STUCK', `${what}${shortKey(key)} (${plural(waiters.length, 'waiter')})`)]
}

/** An application may not look at Locks, nor scan, nor ask for TTL: that is as it should be. */
function notVisibleOr(error: unknown, table: string | undefined): Finding {
  const { code, what } = problemOf(error, table)
  return code === 'PERMISSION_MISSING' ? finding('NOT_VISIBLE', what, 'warning') : findingOf(error, table)
}
