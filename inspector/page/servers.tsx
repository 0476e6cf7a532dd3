import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Picture, ProcessPicture } from '../model/picture.js'
import type { PlayCommand, PlayServer, PlayState, ServerCommand } from '../model/play.js'
import { Evict } from './evict.js'
import { command } from './feed.js'
import { duration, grouped } from './format.js'
import { Icon, type IconName } from './icons.js'
import { colourClass } from './names.js'
import type { Store } from './store.js'

/** A lease that has been over for longer is not shown, unless the process still holds something. */
const SHOWN_AFTER_END_MS = 30_000
/** A process sends less for at least so long after the gateway has throttled it. */
const THROTTLED_MS = 30_000
const SHOWN_MAX = 12
const LEASE_MS = 15_000

/** Processes, and the demo's servers that they are of. */
export function Servers({ store, picture }: { readonly store: Store; readonly picture: Picture }): JSX.Element {
  const [problem, setProblem] = useState<string>()
  const now = store.now()
  const isDriven = store.mayCommand
  const servers = picture.play?.servers ?? []
  const alive = [...picture.processes.values()].filter(
    ({ record, held }) => held > 0 || record.leaseUntil + SHOWN_AFTER_END_MS > now,
  )
  const shown = alive.toSorted((a, b) => byLabel(a, b)).slice(-SHOWN_MAX)
  const isOfServer = ({ record }: ProcessPicture) => servers.some(({ name }) => name === record.label)
  const carryOut = async (what: PlayCommand) => setProblem(await command('play', what))
  return (
    <section class="panel" aria-label="Processes">
      <header class="panel-head">
        <h2>Processes</h2>
        <p class="count">{grouped(alive.length)}</p>
        {picture.play === undefined ? null : (
          <p class="answer" role="status">
            {answerOf(picture.play)}
          </p>
        )}
      </header>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <ul class="processes">
        {servers.map((server) => (
          <li key={server.name} class={`process process-${server.state}`}>
            <ServerHead server={server} picture={picture} isDriven={isDriven} carryOut={carryOut} />
            {shown
              .filter(({ record }) => record.label === server.name)
              .map((process) => (
                <Process
                  key={process.process}
                  process={process}
                  picture={picture}
                  now={now}
                  isNamed={false}
                  isDriven={isDriven}
                />
              ))}
          </li>
        ))}
        {shown
          .filter((process) => !isOfServer(process))
          .map((process) => (
            <li key={process.process} class="process">
              <Process process={process} picture={picture} now={now} isNamed isDriven={isDriven} />
            </li>
          ))}
      </ul>
      {alive.length + servers.length > 0 ? null : (
        <p class="empty">
          No process has said hello yet. Start an application with the variables that the stack has printed.
        </p>
      )}
    </section>
  )
}

/** How the visitor's last request ended. */
function answerOf({ pending, answers }: PlayState): string {
  if (pending > 0) return `the visitor waits for ${pending} ${pending === 1 ? 'answer' : 'answers'}`
  const last = answers.at(-1)
  return last === undefined ? '' : `${last.server} answered: ${last.outcome}, ${duration(last.ms)}`
}

const byLabel = (a: ProcessPicture, b: ProcessPicture): number =>
  a.record.label === b.record.label ? a.record.at - b.record.at : a.record.label < b.record.label ? -1 : 1

interface ServerProps {
  readonly server: PlayServer
  readonly picture: Picture
  readonly isDriven: boolean
  readonly carryOut: (command: PlayCommand) => Promise<void>
}

/** A server of the demo, with what can be done to it. */
function ServerHead({ server, picture, isDriven, carryOut }: ServerProps): JSX.Element {
  const { name, state } = server
  const own = [...picture.processes.values()].find(({ record }) => record.label === name)
  const button = (what: ServerCommand, text: string, icon: IconName, hint: string) => (
    <button
      type="button"
      class="tool"
      disabled={!isDriven}
      title={hint}
      aria-label={`${text} ${name}`}
      onClick={() => void carryOut({ do: what, server: name })}
    >
      <Icon name={icon} />
      <span>{text}</span>
    </button>
  )
  const isUp = state === 'running'
  return (
    <div class="server">
      <p class="server-name">
        <span class={`dot ${colourClass(picture, own?.process)}`} />
        <strong>{name}</strong>
        {state === 'running' ? null : <span class={`state state-${state}`}>{state}</span>}
        {server.aheadMs === 0 ? null : <span class="state state-ahead">clock +{duration(server.aheadMs)}</span>}
      </p>
      <p class="tools">
        <button
          type="button"
          class="tool tool-visit"
          disabled={!isDriven || state === 'stopped' || state === 'killed' || state === 'starting'}
          title="The visitor puts something into the cart, on this server"
          aria-label={`Visit ${name}`}
          onClick={() => void carryOut({ do: 'visit', server: name })}
        >
          <Icon name="send" />
          <span>Visit</span>
        </button>
        {isUp ? button('freeze', 'Freeze', 'snow', 'SIGSTOP: it stands still, and does not know it') : null}
        {state === 'frozen' ? button('thaw', 'Thaw', 'sun', 'SIGCONT: it goes on, as if no time had passed') : null}
        {isUp ? button('cut', 'Cut', 'plug', 'Cuts its connection, without a close frame') : null}
        {isUp
          ? button('jump', 'Clock', 'clock', 'Sets its wall clock a minute ahead: by that clock its lease is over')
          : null}
        {isUp || state === 'frozen' ? button('kill', 'Kill', 'skull', 'SIGKILL: a crash') : null}
        {isUp ? button('stop', 'Stop', 'stop', 'An orderly end: it gives everything back') : null}
        {state === 'stopped' || state === 'killed'
          ? button('start', 'Start', 'play', 'Starts it again, as a new process')
          : null}
      </p>
    </div>
  )
}

const LINKS = { gone: 'gone', cut: 'cut', https: 'over HTTPS', open: 'connected' } as const

interface ProcessProps {
  readonly process: ProcessPicture
  readonly picture: Picture
  readonly now: number
  readonly isNamed: boolean
  readonly isDriven: boolean
}

/** A process: its lease, its connection, and what it holds. */
function Process({ process, picture, now, isNamed, isDriven }: ProcessProps): JSX.Element {
  const { record, held, waits, isCut, throttledAt = 0 } = process
  const leftMs = record.leaseUntil - now
  const lengthMs = record.leaseUntil > record.renewedAt ? record.leaseUntil - record.renewedAt : LEASE_MS
  const share = Math.max(0, Math.min(1, leftMs / lengthMs))
  const isRetired = record.leaseUntil === 0
  const lease = isRetired ? 'retired' : leftMs > 0 ? duration(leftMs) : `over since ${duration(-leftMs)}`
  const connection = isRetired ? 'gone' : isCut ? 'cut' : record.isHttps === true ? 'https' : 'open'
  return (
    <div class={`lease${leftMs <= 0 ? ' lease-over' : ''}`}>
      {isNamed ? (
        <p class="server-name">
          <span class={`dot ${colourClass(picture, process.process)}`} />
          <strong>{record.label === '' ? 'unnamed' : record.label}</strong>
        </p>
      ) : null}
      <div class="lease-row">
        <span
          class="lease-bar"
          role="meter"
          aria-label={`Lease of ${record.label || process.process}`}
          aria-valuemin={0}
          aria-valuemax={Math.round(lengthMs)}
          aria-valuenow={Math.round(Math.max(0, Math.min(lengthMs, leftMs)))}
          aria-valuetext={lease}
        >
          <span
            class={`lease-left ${colourClass(picture, process.process)}`}
            style={{ width: `${(100 * share).toFixed(1)}%` }}
          />
        </span>
        <span class="lease-text" title="What is left of its lease">
          {lease}
        </span>
      </div>
      <p class="lease-facts">
        <code title="The first characters of its process id">{process.process}</code>
        <span>
          holds <strong>{grouped(held)}</strong>
          {waits > 0 ? (
            <>
              , waits for <strong>{grouped(waits)}</strong>
            </>
          ) : null}
          {record.asks > 0 ? `, ${record.asks} ${record.asks === 1 ? 'ask' : 'asks'} noted` : ''}
        </span>
        {record.evictedAt !== undefined && !isRetired ? <span class="chip chip-bad">evicted</span> : null}
        {throttledAt + THROTTLED_MS < now || isRetired ? null : (
          <span class="chip chip-warn" title="The gateway has throttled a message of it: it sends less for a while">
            throttled
          </span>
        )}
        {picture.look !== undefined && connection === 'open' ? null : (
          <span class={`link link-${connection}`} title={`connection ${record.gen}, ${connection}`}>
            {LINKS[connection]}
          </span>
        )}
        {isDriven && picture.look?.mayEvict === true && leftMs > 0 && record.evictedAt === undefined ? (
          <Evict process={process.process} name={record.label === '' ? process.process : record.label} />
        ) : null}
      </p>
    </div>
  )
}
