import { type Known, type Rules, type Verdict, verdictOf } from '../../operator/adopt/verdict.js'
import { BACKUP_MARGIN_MS } from '../../operator/limits.js'
import { ttlSeconds } from '../../protocol/dynamodb.js'
import { LOCK_TTL_MS } from '../../protocol/limits.js'
import type { SessionRecord } from '../../protocol/state/record.js'

const BACKUP_AT = 1_000_000_000
const NOW = BACKUP_AT + 3_600_000

const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  fence: 5,
  commitId: 'c',
  rev: 3,
  attrs: {},
  createdAt: 1,
  accessedAt: 1,
  aliveUntil: NOW + 1,
  ttlMs: undefined,
  destroyedAt: undefined,
  isUnborn: false,
  isRotated: false,
  ...changes,
})

/** The record of a lock that was released a margin before the backup. */
const lock = (changes: object = {}, releasedAt = BACKUP_AT - BACKUP_MARGIN_MS): Known['lock'] => ({
  epoch: { N: '6' },
  holder: { M: { p: { S: '' }, r: { N: '0' } } },
  waiters: { L: [] },
  expiresAt: ttlSeconds(releasedAt + LOCK_TTL_MS),
  ...changes,
})

const HELD = { holder: { M: { p: { S: 'A' }, r: { N: '1' } } } }
const ENDED = record({ destroyedAt: NOW - 1, attrs: undefined })
const judge = (known: Partial<Known>, rules: Partial<Rules> = {}): Verdict =>
  verdictOf(
    { copy: record(), live: undefined, lock: lock(), ...known },
    { nowMs: NOW, backupAt: BACKUP_AT, revive: false, rollBack: false, ...rules },
  )

test.each<[string, Verdict, Partial<Known>, Partial<Rules>?]>([
  ['is lost, and nobody has used it since', 'taken', {}],
  ['is lost, and was used since', 'unproven', { lock: lock({}, BACKUP_AT + 1) }],
  [
    'is lost, and was released just before the backup',
    'unproven',
    { lock: lock({}, BACKUP_AT - BACKUP_MARGIN_MS + 1_000) },
  ],
  ['is lost, and is held', 'unproven', { lock: lock(HELD) }],
  ['is lost, as is its lock', 'unproven', { lock: undefined }],
  ['is lost, and its lock record is an old one', 'unproven', { lock: lock({ epoch: { N: '5' } }) }],
  ['is lost, and its lock record is damaged', 'unproven', { lock: lock({ waiters: { N: '5' } }) }],
  ['is lost, and the time of the copy is not known', 'unproven', {}, { backupAt: undefined }],
  ['is being made anew', 'unproven', { live: record({ isUnborn: true, aliveUntil: 0 }) }],
  ['was ended since', 'ended', { live: ENDED }],
  ['was given another id since', 'ended', { live: record({ ...ENDED, isRotated: true }) }],
  ['has expired since', 'ended', { live: record({ aliveUntil: NOW - 1 }) }],
  ['was ended since, and is being made anew', 'ended', { live: record({ ...ENDED, isUnborn: true }) }],
  ['lives', 'living', { live: record({ rev: 9 }) }],
  ['has expired in the copy', 'over', { copy: record({ aliveUntil: NOW }) }],
  ['was ended in the copy', 'over', { copy: ENDED }],

  ['is lost and unproven, with revive', 'taken', { lock: undefined }, { revive: true, backupAt: undefined }],
  ['was ended since, with revive', 'taken', { live: ENDED }, { revive: true }],
  ['was ended in the copy, with revive', 'over', { copy: ENDED }, { revive: true }],
  ['lives, with revive', 'living', { live: record({ rev: 9 }) }, { revive: true }],

  ['lives, with rollBack', 'taken', { live: record({ rev: 9 }) }, { rollBack: true }],
  ['lives as in the copy, with rollBack', 'living', { live: record() }, { rollBack: true }],
  ['was ended and made anew, with rollBack', 'living', { live: record({ rev: 9, createdAt: 2 }) }, { rollBack: true }],
  ['was ended since, with rollBack', 'ended', { live: ENDED }, { rollBack: true }],
])('a session that %s is %s', (_, verdict, known, rules = {}) => {
  expect(judge(known, rules)).toBe(verdict)
})
