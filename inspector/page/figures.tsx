import type { JSX } from 'preact'
import { PRICES_DATE, PRICES_REGION } from '../costs/prices.js'
import { figuresOf, type Figures as Numbers } from '../model/totals.js'
import { ANCHORS } from '../model/words.js'
import { dollars, duration, grouped, percent } from './format.js'
import { LookNotice } from './look-notice.js'
import { ProtocolLink } from './sequence.js'
import { Spark } from './spark.js'
import type { Store } from './store.js'

/** The figures are of the last half minute; their charts of the last two minutes. */
const WINDOW_MS = 30_000
const CHART_MS = 120_000
const STEP_MS = 4_000

interface Card {
  readonly name: string
  readonly title: string
  readonly value: (figures: Numbers) => string
  readonly detail: (figures: Numbers) => string
  readonly chart: (figures: Numbers) => number | undefined
  /** The tables tell it, too. */
  readonly isInTables?: true
}

const CARDS: readonly Card[] = [
  {
    name: 'Kept commits',
    title:
      'Of all commits, those whose process had committed under the same grant before: no message was needed. Reads of kept sessions cost nothing at all, so the stack never hears of them.',
    value: ({ keptShare }) => percent(keptShare),
    detail: ({ commits }) => `${grouped(commits)} commits`,
    chart: ({ keptShare }) => keptShare,
  },
  {
    name: 'Handoff',
    title: 'How long the first in line waited for the holder before it, from its place in the queue to the grant.',
    value: ({ p50Ms }) => (p50Ms === undefined ? '–' : duration(p50Ms)),
    detail: ({ p99Ms, handoffs }) =>
      p99Ms === undefined ? 'no handoff' : `p99 ${duration(p99Ms)} of ${grouped(handoffs)}`,
    chart: ({ p99Ms }) => p99Ms,
  },
  {
    name: 'Waiting',
    title: 'Processes that stand in a queue now, over all sessions.',
    value: ({ waiting }) => grouped(waiting),
    detail: ({ waiting }) => (waiting === 1 ? 'process in a queue' : 'processes in queues'),
    chart: ({ waiting }) => waiting,
    isInTables: true,
  },
  {
    name: 'DynamoDB',
    title: 'Requests to both tables, of applications and functions.',
    value: ({ requestsPerSecond }) =>
      `${requestsPerSecond < 10 ? requestsPerSecond.toFixed(1) : grouped(Math.round(requestsPerSecond))}/s`,
    detail: () => 'to both tables',
    chart: ({ requestsPerSecond }) => requestsPerSecond,
  },
  {
    name: 'On AWS',
    title: `What a million accesses that write would cost, at this mix, by list prices of ${PRICES_REGION} of ${PRICES_DATE}. Function times are modelled. Reads of kept sessions are free.`,
    value: ({ dollarsPerMillion }) => dollars(dollarsPerMillion),
    detail: () => 'per million commits',
    chart: ({ dollarsPerMillion }) => dollarsPerMillion,
  },
]

/** The totals, each with a small chart. */
export function Figures({ store }: { readonly store: Store }): JSX.Element {
  const now = store.now()
  const { seconds } = store.totals
  const figures = figuresOf(seconds, now - WINDOW_MS, now + 1)
  const { waiting, look } = store.picture()
  const first = seconds[0]?.at ?? now
  // A chart begins where something began to happen.
  const steps = Array.from({ length: CHART_MS / STEP_MS }, (_, index) => now - CHART_MS + (index + 1) * STEP_MS)
    .filter((to) => to >= first)
    .map((to) => figuresOf(seconds, to - STEP_MS, to))
  const pad: readonly undefined[] = Array.from({ length: CHART_MS / STEP_MS - steps.length })
  return (
    <section class="figures" aria-label="Totals of the last 30 seconds">
      {look === undefined ? null : <LookNotice look={look} />}
      {CARDS.filter(({ isInTables }) => look === undefined || isInTables === true).map(
        ({ name, title, value, detail, chart }) => (
          <article class="figure" key={name} title={title}>
            <h2>{name}</h2>
            <p class="figure-value">{value({ ...figures, waiting })}</p>
            <p class="figure-detail">{detail({ ...figures, waiting })}</p>
            <Spark values={[...pad, ...steps.map(chart)]} />
          </article>
        ),
      )}
      <Refused figures={figures} isLinked={store.status !== 'file'} />
    </section>
  )
}

interface RefusedProps {
  readonly figures: Numbers
  readonly isLinked: boolean
}

/** What was turned away in the last half minute, where anything was. */
function Refused({ figures: { throttled, refused }, isLinked }: RefusedProps): JSX.Element | null {
  const sentences = [
    ...(throttled === 0
      ? []
      : [
          [
            `The gateway has throttled ${count(throttled, 'message')} in the last half minute. Their senders stay connected, send less for a while, and try again.`,
            ANCHORS.throttled,
          ] as const,
        ]),
    ...(refused === 0
      ? []
      : [
          [
            `DynamoDB has refused ${count(refused, 'write')} to Locks in the last half minute. The functions try each again.`,
            ANCHORS.whatIf,
          ] as const,
        ]),
  ]
  if (sentences.length === 0) return null
  return (
    <div class="refused">
      {sentences.map(([text, anchor]) => (
        <p key={anchor}>
          {text}
          {isLinked ? <ProtocolLink anchor={anchor} text={text} /> : null}
        </p>
      ))}
    </div>
  )
}

const count = (number: number, noun: string): string => `${grouped(number)} ${number === 1 ? noun : `${noun}s`}`
