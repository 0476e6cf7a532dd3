import * as v from 'valibot'

/** The shapes of `--json` that docs/guide/cli.md promises. Nothing more may be in them. */

const key = v.pipe(v.string(), v.regex(/^[\w.-]+#[\w-]{43}$/))
const ms = v.pipe(v.number(), v.integer())
const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const place = v.strictObject({ process: v.string(), label: v.nullable(v.string()), leaseLeftMs: v.nullable(ms) })

const lock = v.strictObject({
  session: key,
  state: v.picklist(['free', 'held', 'contended']),
  epoch: count,
  holder: v.nullable(place),
  waiting: count,
  heldMs: v.nullable(ms),
  askedAt: v.nullable(ms),
  busyUntil: v.nullable(ms),
})

const process = v.strictObject({
  process: v.string(),
  label: v.string(),
  principal: v.string(),
  leaseLeftMs: ms,
  evictedAt: v.nullable(ms),
  holds: count,
  waits: count,
})

export const LS = v.strictObject({
  at: ms,
  sessions: v.array(lock),
  processes: v.array(process),
  counts: v.strictObject({ sessions: count, processes: count }),
  isPartial: v.boolean(),
  unreadable: count,
})

export const SHOW = v.strictObject({
  session: key,
  absence: v.nullable(v.strictObject({ reason: v.string(), endedAt: v.nullable(ms) })),
  state: v.nullable(
    v.strictObject({
      rev: count,
      fence: count,
      createdAt: ms,
      accessedAt: ms,
      aliveUntil: ms,
      ttlMs: v.nullable(ms),
      attributes: v.array(v.strictObject({ name: v.string(), bytes: count, value: v.optional(v.unknown()) })),
    }),
  ),
  lock: v.nullable(lock),
  queue: v.array(place),
})

export const TOP = v.strictObject({
  at: ms,
  held: count,
  contended: count,
  waiting: count,
  grantsPerSecond: v.nullable(v.number()),
  hot: v.array(v.strictObject({ session: key, grantsPerSecond: v.number(), waiting: count })),
  queues: v.array(lock),
  oldest: v.array(lock),
  processes: v.array(process),
  isPartial: v.boolean(),
})

const event = <const E extends string, const F extends v.ObjectEntries>(name: E, fields: F) =>
  v.strictObject({ at: ms, session: key, event: v.literal(name), ...fields })
const byProcess = { process: v.string(), label: v.string() }

export const WATCH = v.variant('event', [
  event('granted', { ...byProcess, epoch: count }),
  event('released', { ...byProcess, epoch: count }),
  event('queued', { ...byProcess, position: count }),
  event('left', byProcess),
  event('asked', byProcess),
  event('busy', { ...byProcess, until: ms }),
  event('passed', { changes: count }),
  event('claimed', { fence: count }),
  event('committed', { rev: count, revisions: count, attributes: count }),
  event('born', { rev: count }),
  event('ended', { reason: v.string() }),
  event('removed', { record: v.picklist(['lock', 'session']) }),
])

const services = { dynamoDb: v.number(), apiGateway: v.number(), lambda: v.number() }

export const COST = v.strictObject({
  load: v.strictObject({
    processes: count,
    accesses: v.number(),
    writeShare: v.number(),
    handoffShare: v.number(),
    visits: v.number(),
    sizeKb: v.number(),
    durability: v.picklist(['access', 'release']),
    changesPerWrite: v.number(),
    leaseMs: count,
    idleShare: v.number(),
    peak: v.number(),
  }),
  prices: v.strictObject({ region: v.string(), date: v.string() }),
  lines: v.array(
    v.strictObject({
      name: v.picklist(['changes', 'handoffs', 'visits', 'heartbeats', 'connections', 'sleep']),
      count: v.number(),
      dollars: v.number(),
      ...services,
    }),
  ),
  byService: v.strictObject(services),
  dollars: v.number(),
  quotas: v.array(
    v.strictObject({ name: v.string(), use: v.number(), limit: v.number(), share: v.number(), where: v.string() }),
  ),
  comparisons: v.array(
    v.strictObject({
      name: v.picklist(['connect-dynamodb', 'redis']),
      dollars: v.number(),
      breakEvenAccesses: v.nullable(v.number()),
      cheaper: v.picklist(['holdfast', 'other']),
    }),
  ),
})

export const DOCTOR = v.strictObject({
  isHealthy: v.boolean(),
  steps: v.array(
    v.strictObject({
      name: v.string(),
      outcome: v.picklist(['passed', 'warned', 'failed', 'skipped']),
      ms: count,
      detail: v.string(),
      findings: v.array(
        v.strictObject({
          code: v.pipe(v.string(), v.regex(/^[A-Z_]+$/)),
          what: v.pipe(v.string(), v.minLength(1)),
          cure: v.pipe(v.string(), v.minLength(1)),
          severity: v.picklist(['fault', 'warning']),
        }),
      ),
    }),
  ),
  timings: v.record(v.string(), count),
})

export const DESTROY = v.strictObject({ session: key, destroyed: v.literal(true) })

export const RELEASE = v.strictObject({
  session: key,
  released: v.boolean(),
  holder: v.nullable(place),
  ahead: count,
  waitedMs: count,
})

export const EVICT = v.strictObject({ process: v.string(), label: v.string(), leaseUntil: ms, closed: count })

export const INCARNATION = v.strictObject({ incarnation: count, raisedAt: v.nullable(ms), before: count })

export const LOCKS = v.strictObject({ deleted: count, incarnation: count })

export const ADOPT = v.strictObject({
  copy: v.string(),
  dryRun: v.boolean(),
  backupAt: v.nullable(ms),
  counts: v.strictObject({
    taken: count,
    over: count,
    living: count,
    ended: count,
    unproven: count,
    changed: count,
    unreadable: count,
  }),
  incarnation: v.nullable(count),
})

export const INSPECT = v.strictObject({ address: v.string() })

export const DEV = v.strictObject({
  config: v.strictObject({
    url: v.string(),
    httpsUrl: v.string(),
    region: v.string(),
    sessionsTable: v.string(),
    dynamoDbEndpoint: v.string(),
    credentials: v.strictObject({ accessKeyId: v.string(), secretAccessKey: v.string() }),
  }),
  locksTable: v.string(),
  environment: v.strictObject({ HOLDFAST_CONFIG: v.string(), HOLDFAST_INSPECTOR: v.string() }),
})

const part = v.strictObject({
  name: v.picklist(['kept', 'commit', 'handoff']),
  operations: count,
  seconds: v.number(),
  perSecond: v.number(),
  perSecondMax: v.nullable(count),
  p50Ms: v.nullable(v.number()),
  p99Ms: v.nullable(v.number()),
  errors: v.record(v.pipe(v.string(), v.regex(/^[A-Z_]+$/)), count),
})

export const BENCH = v.strictObject({
  stack: v.strictObject({ url: v.string(), region: v.string(), sessionsTable: v.string() }),
  isInterrupted: v.boolean(),
  processes: count,
  sessions: count,
  parts: v.array(part),
  cost: v.strictObject({
    prices: v.strictObject({ region: v.string(), date: v.string() }),
    writes: count,
    reads: count,
    messages: count,
    pushes: count,
    dollars: v.number(),
  }),
  left: v.array(key),
})

export const DEMO = v.strictObject({
  inspector: v.pipe(v.string(), v.url()),
  isInterrupted: v.boolean(),
  servers: count,
  handoffs: count,
  sides: v.array(
    v.strictObject({
      side: v.picklist(['unlocked', 'holdfast']),
      seconds: v.number(),
      acknowledged: count,
      failed: count,
      unknown: count,
      found: count,
      lost: count,
      kept: count,
      keptP50Ms: v.nullable(v.number()),
      waited: count,
      waitedP50Ms: v.nullable(v.number()),
    }),
  ),
})

export const FAILED = v.strictObject({
  error: v.strictObject({ code: v.string(), message: v.string(), cure: v.string() }),
})

/** Fails with the place where the value differs. */
export const matches = <T>(schema: v.GenericSchema<unknown, T>, value: unknown): T => v.parse(schema, value)
