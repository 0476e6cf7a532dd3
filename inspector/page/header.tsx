import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { timeOfDay } from './format.js'
import { Icon, Logo } from './icons.js'
import type { Status, Store } from './store.js'
import { theme, toggleTheme } from './theme.js'

interface HeaderProps {
  readonly store: Store
  readonly search: string
  readonly onSearch: (text: string) => void
  readonly onExport: () => void
}

const STATES: Readonly<Record<Status, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'the stack does not answer',
  full: 'too many pages are open',
  ended: 'this stack has ended: the next one has another address',
  file: 'a saved timeline',
}

/** The name of the page, what it shows, and what can be done with all of it. */
export function Header({ store, search, onSearch, onExport }: HeaderProps): JSX.Element {
  const [, draw] = useState(0)
  const isPaused = store.view.kind === 'paused'
  const state = isPaused ? `paused at ${timeOfDay(store.now())}` : STATES[store.status]
  const next = theme() === 'dark' ? 'light' : 'dark'
  return (
    <header class="header">
      <h1 class="brand">
        <Logo />
        <span>
          Holdfast <span class="brand-what">inspector</span>
        </span>
      </h1>
      <p
        class={`status status-${isPaused ? 'paused' : store.status}`}
        role="status"
        title={isPaused ? 'The page stands still. Go live to see what has happened since.' : undefined}
      >
        <span class="status-dot" />
        {state}
      </p>
      <label class="search">
        <Icon name="search" />
        <span class="hidden">Search sessions</span>
        <input
          type="search"
          value={search}
          placeholder="Id, hash or server"
          title="A session id is hashed in this browser, and never sent."
          spellcheck={false}
          autocomplete="off"
          onInput={({ currentTarget }) => onSearch(currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button
          type="button"
          class={`button${isPaused ? ' button-primary' : ''}`}
          aria-pressed={isPaused}
          onClick={() => (isPaused ? store.resume() : store.pause())}
          disabled={store.status === 'file' && !isPaused}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
          <span class="button-text">{isPaused ? 'Go live' : 'Pause'}</span>
        </button>
        <button type="button" class="button" onClick={onExport} title="Save what is shown as JSON">
          <Icon name="export" />
          <span class="button-text">Export</span>
        </button>
        <button
          type="button"
          class="button button-icon"
          aria-label={`Switch to the ${next} theme`}
          title={`Switch to the ${next} theme`}
          onClick={() => {
            toggleTheme()
            draw((count) => count + 1)
            store.changed(true)
          }}
        >
          <Icon name={next === 'light' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  )
}
