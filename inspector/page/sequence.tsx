import type { JSX } from 'preact'
import type { Entry } from '../model/entry.js'
import type { Picture } from '../model/picture.js'
import type { Handoff } from '../model/timeline.js'
import { type NameOf, shortEpoch, wordsFor } from '../model/words.js'
import { fitted } from './fitted.js'
import { duration } from './format.js'
import { colourClass, namesIn } from './names.js'

const ROW_PX = 30
const HEAD_PX = 34
const WIDTH_PX = 620
const TIMES_PX = 66
const HEAD_WIDTH_PX = 132
/** Of a name in the head of a column, on average and with room to spare. */
const CHAR_PX = 7
const STORE = 'the store'
const STATE = 'Sessions'
const PROCESSES_MAX = 4

interface SequenceProps {
  readonly handoff: Handoff
  readonly picture: Picture
  /** The parts of the protocol's description can be opened. */
  readonly isLinked: boolean
}

/** One line of the diagram: from one column to another, or a note at one. */
interface Line {
  readonly entry: Entry
  readonly from: string
  readonly to: string
  readonly text: string
  readonly style: 'message' | 'answer' | 'push' | 'lost' | 'write' | 'refused' | 'note'
}

/** The messages of a handoff, as a diagram and in words. */
export function Sequence({ handoff, picture, isLinked }: SequenceProps): JSX.Element {
  const nameOf = namesIn(picture)
  const lines = handoff.entries.flatMap((entry) => lineOf(entry, handoff, nameOf) ?? [])
  const others = lines.flatMap(({ from, to }) => [from, to]).filter((name) => name !== STORE && name !== STATE)
  const ends = [handoff.from, handoff.to].flatMap((process) => process ?? [])
  const processes = [...new Set([...ends, ...others])].slice(0, PROCESSES_MAX)
  const columns = [...processes.slice(0, 1), STORE, ...processes.slice(1), STATE]
  const xOf = (column: string): number =>
    TIMES_PX + ((columns.indexOf(column) + 0.5) * (WIDTH_PX - TIMES_PX)) / columns.length
  const headPx = Math.min(HEAD_WIDTH_PX, (WIDTH_PX - TIMES_PX) / columns.length - 6)
  const shown = lines.filter(({ from, to }) => columns.includes(from) && columns.includes(to))
  const height = HEAD_PX + shown.length * ROW_PX + 8
  const start = shown[0]?.entry.at ?? handoff.askedAt
  return (
    <figure class="sequence">
      <figcaption class="hidden">
        The messages of the handoff to {nameOf(handoff.to)}, each with the time since the first
      </figcaption>
      <div class="sequence-scroll">
        <svg class="sequence-drawing" viewBox={`0 0 ${WIDTH_PX} ${height}`} aria-hidden="true" focusable="false">
          {columns.map((column) => {
            const isPlace = column === STORE || column === STATE
            return (
              <g key={column}>
                <line class="life" x1={xOf(column)} y1={HEAD_PX - 6} x2={xOf(column)} y2={height} />
                <rect
                  class={`head ${isPlace ? 'c-nobody' : colourClass(picture, column)}`}
                  x={xOf(column) - headPx / 2}
                  y={4}
                  width={headPx}
                  height={24}
                  rx={6}
                />
                <text class={`head-text${isPlace ? ' head-text-place' : ''}`} x={xOf(column)} y={20}>
                  {fitted(isPlace ? column : nameOf(column), headPx - 8, (text) => text.length * CHAR_PX)}
                </text>
              </g>
            )
          })}
          {shown.map((one, index) => (
            <Arrow
              key={one.entry.n}
              one={one}
              y={HEAD_PX + (index + 0.7) * ROW_PX}
              from={xOf(one.from)}
              to={xOf(one.to)}
              since={one.entry.at - start}
            />
          ))}
        </svg>
      </div>
      <ol class="sequence-words">
        {handoff.entries.map((entry) => {
          const words = wordsFor(entry, nameOf)
          return words === undefined ? null : (
            <li key={entry.n}>
              <span class="since">+{duration(entry.at - start)}</span>
              <span>
                {words.text}
                {isLinked && words.anchor !== undefined ? (
                  <ProtocolLink anchor={words.anchor} text={words.text} />
                ) : null}
              </span>
            </li>
          )
        })}
      </ol>
    </figure>
  )
}

export const ProtocolLink = ({ anchor, text }: { readonly anchor: string; readonly text: string }): JSX.Element => (
  <a class="why" href={`protocol.html#${anchor}`} target="_blank" rel="noreferrer" aria-label={`Why? ${text}`}>
    why?
  </a>
)

interface ArrowProps {
  readonly one: Line
  readonly y: number
  readonly from: number
  readonly to: number
  readonly since: number
}

function Arrow({ one, y, from, to, since }: ArrowProps): JSX.Element {
  const right = to > from
  const end = one.style === 'lost' ? (from + to) / 2 : to
  const tip = right ? -1 : 1
  return (
    <g class={`arrow-line arrow-${one.style}`}>
      <text class="since-text" x={TIMES_PX - 12} y={y + 4}>
        +{duration(since)}
      </text>
      {one.style === 'note' ? (
        <>
          <circle class="note-dot" cx={from} cy={y} r={3.5} />
          <text class="arrow-text" x={from + 9} y={y + 4} text-anchor="start">
            {one.text}
          </text>
        </>
      ) : (
        <>
          <line class="shaft" x1={from} y1={y} x2={end} y2={y} />
          {one.style === 'lost' ? (
            <path class="lost-cross" d={`M${end - 5} ${y - 5}l10 10m0 -10l-10 10`} />
          ) : (
            <path class="tip-head" d={`M${end} ${y}l${tip * 8} -4.5v9z`} />
          )}
          <text class="arrow-text" x={(from + to) / 2} y={y - 5} text-anchor="middle">
            {one.text}
          </text>
        </>
      )}
    </g>
  )
}

function lineOf(entry: Entry, { from, to, epoch }: Handoff, nameOf: NameOf): Line | undefined {
  if (entry.kind === 'message') {
    const { way, type, process, isNudge, delivery, of } = entry
    if (process === undefined || type === 'noted') return undefined
    const text = isNudge === true ? 'acquire, a nudge' : type === 'refused' ? `refused ${of ?? ''}` : type
    if (way === 'throttled') return { entry, from: process, to: STORE, text: `${text}, throttled`, style: 'lost' }
    if (way === 'sent') return { entry, from: process, to: STORE, text, style: 'message' }
    if (way === 'answered') return { entry, from: STORE, to: process, text, style: 'answer' }
    return { entry, from: STORE, to: process, text, style: delivery === 'sent' ? 'push' : 'lost' }
  }
  if (entry.kind === 'refusal')
    return { entry, from: STORE, to: STORE, text: `write refused, ${entry.outcome}`, style: 'note' }
  if (entry.kind === 'lock') {
    const { holder, waiters } = entry
    const who = holder === undefined ? 'free' : nameOf(holder)
    return {
      entry,
      from: STORE,
      to: STORE,
      text: `${who} holds${waiters.length > 0 ? `, ${waiters.length} wait` : ''}`,
      style: 'note',
    }
  }
  if (entry.kind !== 'state') return undefined
  const { operation, outcome, epoch: own, commits } = entry
  // A record that was read is no write.
  if (operation === 'record' && commits === undefined) return undefined
  // A commit under another epoch than the new one is of the process that had the lock before.
  const writer = own === epoch ? to : (from ?? to)
  const written = commits === undefined ? operation : `commit${commits === 1 ? '' : `, ${commits} times`}`
  const text = operation === 'claim' ? `claim, fence ${shortEpoch(own)}` : written
  return { entry, from: writer, to: STATE, text, style: outcome === 'ok' ? 'write' : 'refused' }
}
