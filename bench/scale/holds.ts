import { grouped } from '../figures.js'
import { type PartContext, roundsOf } from '../frame/part.js'
import type { Figures, Goal } from '../frame/results.js'
import { quartiles, type SideRounds, takeTurns } from '../frame/rounds.js'

const SESSIONS = [1_000, 10_000, 100_000] as const
const QUICK_SESSIONS = [1_000] as const
const STATES = ['no attribute', 'one number', 'a small shop'] as const
const ROUNDS = 5
const HOLD_BYTES_MAX = 2_500
const CLOSE_TIMES_MAX = 10

/** What it takes to hold many sessions, and to close with them. */
export async function holds(context: PartContext): Promise<{ readonly figures: Figures; readonly goals: Goal[] }> {
  const rows: Figures['rows'][number][] = []
  const sizes = context.isQuick ? QUICK_SESSIONS : SESSIONS
  const closeMs = new Map<number, number>()
  let [mostBytes, mostSessions] = [Number.NaN, 0]
  for (const sessions of sizes) {
    for (const state of context.isQuick ? (['one number'] as const) : STATES) {
      context.say(`${sessions} held sessions with ${state}`)
      const [side] = await takeTurns(
        [{ label: 'Holdfast', module: new URL('hold-side.js', import.meta.url), setting: { sessions, state } }],
        // Sizes do not vary: one round after the warm-up, which compiles the code, says it.
        {
          node: context.node,
          rounds: state === 'one number' ? roundsOf(context, ROUNDS) : 1,
          warmUpRounds: sessions === sizes[0] ? 1 : 0,
          length: { operations: 1 },
        },
      )
      const { rounds } = side as SideRounds
      const works = rounds.flatMap((round) => round.works)
      const close = quartiles(works.flatMap(({ latenciesMs }) => latenciesMs))
      const counts = works.at(-1)?.counts ?? {}
      const { heapBytesEach = 0, stateBytesEach = 0, holdMessages = 0, closeMessages = 0 } = counts
      if (state === 'one number') {
        closeMs.set(sessions, close.median)
        ;[mostBytes, mostSessions] = [heapBytesEach, sessions]
      }
      const spread = `${close.median.toFixed(1)} (${close.q1.toFixed(1)} to ${close.q3.toFixed(1)})`
      rows.push([sessions, state, stateBytesEach, heapBytesEach, holdMessages / sessions, spread, closeMessages])
      // Besides an acquire of each, hello and renewals.
      context.expectCount('messages to hold a session', holdMessages / sessions, { from: 1, to: 1.1 })
      context.expectCount('messages to close', closeMessages, { from: 1, to: 20 })
    }
  }
  const times = (closeMs.get(100_000) ?? Number.NaN) / (closeMs.get(1_000) ?? Number.NaN)
  return {
    figures: {
      title: 'Sessions held by one client, in memory; close() with nothing to commit and nobody waiting',
      columns: [
        'held sessions',
        'state of each',
        'bytes of it, as DynamoDB counts',
        'heap bytes each',
        'messages each',
        'close ms (quartiles)',
        'messages to close',
      ],
      rows,
    },
    goals: [
      {
        goal: `a hold of one attribute takes ≤ ${grouped(HOLD_BYTES_MAX)} bytes of heap`,
        figure: `${grouped(mostBytes)} bytes, with ${grouped(mostSessions)} held`,
        isMet: mostBytes <= HOLD_BYTES_MAX,
      },
      ...(context.isQuick
        ? []
        : [
            {
              goal: `close() with 100 000 held takes ≤ ${CLOSE_TIMES_MAX} × as long as with 1 000`,
              figure: `${times.toFixed(1)} ×`,
              isMet: times <= CLOSE_TIMES_MAX,
            },
          ]),
    ],
  }
}
