import type { Holdfast } from '../client/holdfast.js'
import { median, table } from './figures.js'
import { BenchStore, hold, KEPT, WHAT_RUNS } from './store.js'

const USES = 200
const ROUNDS = 41
const WARM_UP_ROUNDS = 10
/** The usual time of a small write to DynamoDB. */
const ANSWER_MS = 5
const RATIO_MAX = 1.2

interface State {
  count: number
}

type Use = (client: Holdfast<State>) => Promise<void>

const EXPLANATION = `${WHAT_RUNS} Each request to DynamoDB takes ${ANSWER_MS} ms.
${USES} uses of one held session begin at once, and each changes the same attribute. The two sides take turns, each of
them first in every second one; the figures are medians of ${ROUNDS} turns after a warm-up.`

const byAccess: Use = (client) =>
  client.access('session', { write: ['count'] }, ({ state }) => {
    state.count = (state.count ?? 0) + 1
  })

const byClose: Use = async (client) => {
  await using session = await client.open('session', { write: ['count'] })
  session.state.count = (session.state.count ?? 0) + 1
  await session.close()
}

/** Overlapping uses of one session by `open` and `close` against those by `access`. */
export async function open(): Promise<void> {
  console.log(EXPLANATION)
  const client = new BenchStore().client<State>(KEPT, ANSWER_MS)
  try {
    await hold(client, ['session'], () => ({ count: 0 }))
    const times = { access: [] as number[], close: [] as number[] }
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
      const isAccessFirst = round % 2 === 0
      const first = await timed(client, isAccessFirst ? byAccess : byClose)
      const second = await timed(client, isAccessFirst ? byClose : byAccess)
      if (round < 0) continue
      times.access.push(isAccessFirst ? first : second)
      times.close.push(isAccessFirst ? second : first)
    }
    await checkCount(client)
    report(times)
  } finally {
    await client.close()
  }
}

async function timed(client: Holdfast<State>, use: Use): Promise<number> {
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: USES }, () => use(client)))
  return performance.now() - startedAt
}

/** No use may have been lost. */
async function checkCount(client: Holdfast<State>): Promise<void> {
  const expected = (ROUNDS + WARM_UP_ROUNDS) * 2 * USES
  const count = (await client.peek('session'))?.state.count
  if (count !== expected) throw new Error(`${expected} uses should be counted, ${count} are`)
}

function report({ access, close }: { readonly access: readonly number[]; readonly close: readonly number[] }): void {
  const ratio = median(close.map((ms, round) => ms / (access[round] ?? Number.NaN)))
  const lines = [
    ['', 'ms', 'ratio'],
    ['access', median(access).toFixed(1), ''],
    ['open and close', median(close).toFixed(1), ratio.toFixed(2)],
  ]
  console.log(`\n${table(lines)}`)
  if (ratio <= RATIO_MAX) return
  console.log(`\nopen and close may take ${RATIO_MAX} × the time of access, and took ${ratio.toFixed(2)} ×`)
  process.exitCode = 1
}
