import { percentile } from '../figures.js'
import type { PartContext } from '../frame/part.js'
import type { Figures } from '../frame/results.js'
import { takeTurns } from '../frame/rounds.js'
import type { Work } from '../frame/side.js'

interface Crowd {
  readonly scenario: 'mix' | 'waiters' | 'contenders'
  readonly text: string
  /** Of the scenario `waiters` one more, the holder. */
  readonly clients: number
  /** Whether it is small enough for CI. */
  readonly isQuick: boolean
  /** Messages and writes for each access, with renewals. */
  readonly messagesMax: number
  readonly writesMax: number
}

const mix = (clients: number, isQuick: boolean): Crowd => ({
  scenario: 'mix',
  text: 'each has a session, and uses another one in 20 accesses',
  clients,
  isQuick,
  messagesMax: MIX_MESSAGES_MAX,
  writesMax: MIX_WRITES_MAX,
})

const waiters = (count: number, isQuick: boolean, messagesMax: number, writesMax: number): Crowd => ({
  scenario: 'waiters',
  text: `${count} wait for one session`,
  clients: count + 1,
  isQuick,
  messagesMax,
  writesMax,
})

const MIX_MESSAGES_MAX = 0.6
const MIX_WRITES_MAX = 2
const CROWDS: readonly Crowd[] = [
  mix(10, true),
  mix(100, false),
  mix(1_000, false),
  waiters(64, true, 5, 10),
  waiters(200, false, 10, 16),
  {
    scenario: 'contenders',
    text: '1 000 sessions, all wanted by each of 3 at once',
    clients: 3,
    isQuick: false,
    messagesMax: 3,
    writesMax: 6,
  },
]

/** Crowds of clients in virtual time. */
export async function crowds(context: PartContext): Promise<Figures> {
  const rows: Figures['rows'][number][] = []
  for (const crowd of CROWDS) {
    if (context.isQuick && !crowd.isQuick) continue
    const { scenario, text, clients } = crowd
    context.say(`${clients} clients in virtual time: ${text}`)
    const [side] = await takeTurns(
      [{ label: text, module: new URL('virtual-side.js', import.meta.url), setting: { scenario, clients } }],
      { node: context.node, rounds: 1, warmUpRounds: 0, length: { operations: 1 } },
    )
    const work = side?.rounds[0]?.works[0] as Work
    const {
      messages = 0,
      renewals = 0,
      pushes = 0,
      writes = 0,
      reads = 0,
      virtualMs = 0,
      lostUpdates = 0,
    } = work.counts
    const each = (count: number) => count / work.operations
    context.expectCount(`${text}: messages of each access`, each(messages), { from: 0, to: crowd.messagesMax })
    context.expectCount(`${text}: writes of each access`, each(writes), { from: 0, to: crowd.writesMax })
    context.expectCount(`${text}: lost updates`, lostUpdates, 0)
    const wait = (percent: number) => percentile(work.latenciesMs, percent)
    const counts = [each(messages), each(renewals), each(pushes), each(writes), each(reads)]
    rows.push([clients, text, work.operations, virtualMs / 1_000, ...counts, wait(50), wait(100), lostUpdates])
  }
  return {
    title: 'Crowds in virtual time, with the delays of --latency aws without their jitter: modelled',
    columns: [
      'clients',
      'what they do',
      'accesses',
      'virtual s',
      'messages each',
      'of these renewals',
      'pushes each',
      'writes each',
      'reads each',
      'p50 ms',
      'worst ms',
      'lost updates',
    ],
    rows,
  }
}
