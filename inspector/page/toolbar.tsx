import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { PlayCommand, PlayFault, PlayState } from '../model/play.js'
import { command } from './feed.js'
import { Icon, type IconName } from './icons.js'

interface ToolbarProps {
  readonly play: PlayState | undefined
  readonly isDriven: boolean
  readonly isPaused: boolean
  readonly isTouring: boolean
  readonly onTour: () => void
}

const CROWDS = [0, 8, 24] as const
const FAULTS: readonly (readonly [fault: PlayFault, name: string, icon: IconName, hint: string])[] = [
  ['losesPushes', 'Lose pushes', 'close', 'Every message that a function pushes gets lost'],
  [
    'throttles',
    'Throttle',
    'minus',
    'The gateway takes one acquire a second of all servers together, and throttles the others',
  ],
  ['refusesWrites', 'Refuse locks', 'close', 'DynamoDB refuses every second write to the Locks table'],
  ['isDown', 'No database', 'stop', 'DynamoDB cuts each request for a session’s state'],
]

/** The demo: its visitors, and the faults of what lies between its servers. */
export function Toolbar({ play, isDriven, isPaused, isTouring, onTour }: ToolbarProps): JSX.Element | null {
  const [problem, setProblem] = useState<string>()
  if (play === undefined) return null
  const carryOut = async (...commands: readonly PlayCommand[]) => {
    const problems: (string | undefined)[] = []
    for (const one of commands) problems.push(await command('play', one))
    setProblem(problems.find((one) => one !== undefined))
  }
  const running = play.servers.filter(({ state }) => state === 'running')
  return (
    <section class="toolbar" aria-label="Play">
      <button
        type="button"
        class={`button${isTouring ? '' : ' button-primary'}`}
        aria-pressed={isTouring}
        onClick={onTour}
      >
        <Icon name="compass" />
        {isTouring ? 'End the tour' : 'Take the tour'}
      </button>
      <div class="tool-group" role="group" aria-label="Visitors who shop by themselves">
        <span class="tool-label">
          <Icon name="people" />
          Visitors
        </span>
        {CROWDS.map((count) => (
          <button
            key={count}
            type="button"
            class="segment"
            aria-pressed={play.visitors === count}
            disabled={!isDriven}
            onClick={() => void carryOut({ do: 'visitors', count })}
          >
            {count === 0 ? 'none' : count}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="button"
        title="The same visitor asks every server at the same time"
        disabled={!isDriven || running.length === 0}
        onClick={() =>
          void carryOut(...running.map(({ name }): PlayCommand => ({ do: 'visit', server: name, times: 3 })))
        }
      >
        <Icon name="send" />
        Visit all at once
      </button>
      <div class="tool-group" role="group" aria-label="Faults">
        <span class="tool-label">Faults</span>
        {FAULTS.map(([fault, name, icon, hint]) => (
          <button
            key={fault}
            type="button"
            class="segment segment-fault"
            aria-pressed={play.faults[fault]}
            title={hint}
            disabled={!isDriven}
            onClick={() => void carryOut({ do: 'fault', fault, on: !play.faults[fault] })}
          >
            <Icon name={icon} />
            {name}
          </button>
        ))}
        <button
          type="button"
          class="segment"
          title="The gateway is gone for a moment: every connection breaks"
          disabled={!isDriven}
          onClick={() => void carryOut({ do: 'restartGateway' })}
        >
          <Icon name="refresh" />
          Restart gateway
        </button>
      </div>
      {isPaused ? <p class="answer">The page is paused: go live to play.</p> : null}
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  )
}
