import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { command } from './feed.js'
import { Icon } from './icons.js'

/** Ends a process, after a second click. */
export function Evict({ process, name }: { readonly process: string; readonly name: string }): JSX.Element {
  const [isAsking, ask] = useState(false)
  const [problem, setProblem] = useState<string>()
  const evict = async () => {
    ask(false)
    setProblem(await command('evict', { process }))
  }
  return (
    <>
      {isAsking ? (
        <>
          <button type="button" class="tool" onClick={() => void evict()}>
            <Icon name="skull" />
            <span>Yes, evict {name}</span>
          </button>
          <button type="button" class="tool" onClick={() => ask(false)}>
            <span>No</span>
          </button>
        </>
      ) : (
        <button
          type="button"
          class="tool"
          title="Its lease is extended no more, and its connections are closed: others get what it holds when the lease is over"
          aria-label={`Evict ${name}`}
          onClick={() => ask(true)}
        >
          <Icon name="skull" />
          <span>Evict</span>
        </button>
      )}
      {problem === undefined ? null : (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  )
}
