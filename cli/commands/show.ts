import { inspect } from 'node:util'
import type { Command } from 'commander'
import { decodeValue, encodedSizeBytes } from '../../client/codec/index.js'
import type { SessionKey } from '../../protocol/keys.js'
import type { ProcessRecord } from '../../protocol/process/record.js'
import { absenceOf, type SessionRecord } from '../../protocol/state/record.js'
import { EXIT } from '../failure.js'
import { VALUE_CHARS_MAX } from '../limits.js'
import { type IdOptions, withIdOptions } from '../stack/id-key.js'
import { examples, type StackOptions, withStackOptions } from '../stack/options.js'
import { getLock, getProcess, getSession, type Lock } from '../stack/records.js'
import { keyOf, readSession } from '../stack/session-argument.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { type LockView, lockView, type PlaceView, placeView } from '../view/overview.js'
import { table } from '../view/table.js'
import { bytes, duration, held, lease, processName, shortKey, time } from '../view/words.js'

interface ShowOptions extends StackOptions, IdOptions {
  readonly values?: boolean
}

interface Attribute {
  readonly name: string
  readonly bytes: number
  /** Only with `--values`; as text where JSON has no form for it. */
  readonly value?: unknown
}

export function defineShow(command: Command, terminal: Terminal): void {
  withIdOptions(withStackOptions(command))
    .argument('<session>', 'its id, its hash such as shop#AbCdEfGhIj, or - for a line of standard input')
    .option('--values', "also the attributes' values, which may be personal data")
    .addHelpText(
      'after',
      `\nAn id is a secret, and an argument stays in the history of the shell: give - and the id on standard input, or the
hash. Ids are never printed. It needs dynamodb:GetItem on both tables; dynamodb:Scan too for a shortened hash.
${examples("holdfast show 'shop#AbCdEfGhIj'", 'pbpaste | holdfast show - --namespace shop', "holdfast show 'shop#AbCdEfGhIj' --values --json")}`,
    )
    .action((session: string, options: ShowOptions) => show(session, options, terminal))
}

async function show(argument: string, options: ShowOptions, terminal: Terminal): Promise<void> {
  const target = openTarget(options, terminal)
  try {
    const key = await keyOf(await readSession(argument, options, terminal), target)
    const [record, lock] = await Promise.all([getSession(target, key), getLock(target, key)])
    const nowMs = Date.now()
    const processes = lock === undefined ? new Map<string, ProcessRecord>() : await processesOf(target, lock)
    const absence = absenceOf(record, nowMs)
    const view = {
      session: key,
      absence: absence === undefined ? null : { reason: absence.reason, endedAt: absence.endedAt ?? null },
      state: record === undefined ? null : stateView(record, options.values === true),
      lock: lock === undefined ? null : lockView(key, lock, processes, nowMs),
      queue: (lock?.waiters ?? []).map(({ p }) => placeView(p, processes.get(p), nowMs)),
    }
    if (absence !== undefined) terminal.exitCode = EXIT.missing
    terminal.print(options.json === true ? JSON.stringify(view) : textOf(view, nowMs, terminal))
  } finally {
    target.close()
  }
}

async function processesOf(target: Target, { holder, waiters }: Lock): Promise<ReadonlyMap<string, ProcessRecord>> {
  const ids = [...new Set([...(holder === undefined ? [] : [holder.p]), ...waiters.map(({ p }) => p)])]
  const records = await Promise.all(ids.map((id) => getProcess(target, id)))
  return new Map(ids.flatMap((id, index) => (records[index] === undefined ? [] : [[id, records[index]] as const])))
}

function stateView(record: SessionRecord, withValues: boolean) {
  const { rev, fence, createdAt, accessedAt, aliveUntil, ttlMs, attrs = {} } = record
  const attributes: Attribute[] = Object.entries(attrs).map(([name, encoded]) => ({
    name,
    bytes: encodedSizeBytes(encoded),
    ...(withValues ? { value: jsonOf(decodeValue(encoded)) } : {}),
  }))
  const order = attributes.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
  return { rev, fence, createdAt, accessedAt, aliveUntil, ttlMs: ttlMs ?? null, attributes: order }
}

/** JSON has no Date, Map, Set, bigint or bytes: what it would change is shown as Node.js prints it. */
function jsonOf(value: unknown): unknown {
  try {
    const text = JSON.stringify(value)
    if (inspect(JSON.parse(text), WHOLE) === inspect(value, WHOLE)) return value
  } catch {
    // A bigint, which JSON refuses.
  }
  return inspect(value, WHOLE)
}

const WHOLE = {
  depth: Number.POSITIVE_INFINITY,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Number.POSITIVE_INFINITY,
  compact: true,
} as const

interface View {
  readonly session: SessionKey
  readonly absence: { readonly reason: string; readonly endedAt: number | null } | null
  readonly state: ReturnType<typeof stateView> | null
  readonly lock: LockView | null
  readonly queue: readonly PlaceView[]
}

function textOf({ session, absence, state, lock, queue }: View, nowMs: number, { paint }: Terminal): string {
  const ended = absence?.endedAt === null || absence === null ? '' : `, ${duration(nowMs - absence.endedAt)} ago`
  const isAlive = state !== null && absence === null
  const facts: [string, string][] = [
    ['session', paint('bold', shortKey(session))],
    ['life', isAlive ? `alive for ${duration(state.aliveUntil - nowMs)} more` : `none: ${absence?.reason}${ended}`],
  ]
  if (isAlive) {
    facts.push(['created', time(state.createdAt)], ['written', `${time(state.accessedAt)}, revision ${state.rev}`])
  }
  facts.push(['lock', lock === null ? 'no record' : `${lock.state}, epoch ${lock.epoch}`])
  if (lock !== null && lock.holder !== null) {
    facts.push(['holder', `${placeText(lock.holder)}, since ${held(lock.heldMs ?? 0)}`])
    if (lock.askedAt !== null) facts.push(['asked', `${duration(nowMs - lock.askedAt)} ago`])
    if (lock.busyUntil !== null) facts.push(['busy', `for at most ${duration(lock.busyUntil - nowMs)} more`])
  }
  for (const [index, place] of queue.entries()) facts.push([index === 0 ? 'queue' : '', placeText(place)])
  const lines = facts.map(([name, text]) => `${name.padEnd(8)} ${text}`)
  if (!isAlive) return lines.join('\n')
  const hasValues = state.attributes.some((attribute) => Object.hasOwn(attribute, 'value'))
  const rows = state.attributes.map(({ name, bytes: size, value }) => [
    name,
    bytes(size),
    ...(hasValues ? [clipped(typeof value === 'string' ? value : JSON.stringify(value))] : []),
  ])
  const columns = ['attribute', 'size', ...(hasValues ? ['value'] : [])]
  return `${lines.join('\n')}\n\n${table(columns, rows, paint)}`
}

const placeText = ({ process, label, leaseLeftMs }: PlaceView): string =>
  `${processName(process, label ?? undefined)}, ${leaseLeftMs === null ? 'no record of it' : `lease ${lease(leaseLeftMs)}`}`

const clipped = (text: string): string => (text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`)
