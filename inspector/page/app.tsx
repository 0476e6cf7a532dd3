import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Figures } from './figures.js'
import { Header } from './header.js'
import { save } from './save.js'
import { shownHash } from './search.js'
import { Servers } from './servers.js'
import { Sessions } from './sessions.js'
import type { Store } from './store.js'
import { TimelinePanel } from './timeline-panel.js'
import { Toolbar } from './toolbar.js'
import { Tour } from './tour.js'
import { keptPlace, tourPlace } from './tour-place.js'
import { useStore } from './use-store.js'

/** The whole page. */
export function App({ store }: { readonly store: Store }): JSX.Element {
  useStore(store)
  const [search, setSearch] = useState('')
  const hash = useHash(search)
  const [chosen, choose] = useState<string>()
  const [tour, setTour] = useState(tourPlace)
  const picture = store.picture()
  const visitor = picture.play?.session
  // Until somebody chooses, the page follows the demo's visitor, or what changed last.
  const selected = chosen ?? visitor ?? [...picture.sessions.keys()].at(-1)
  return (
    <>
      <a class="skip" href="#timeline-panel">
        Skip to the timeline
      </a>
      <Header store={store} search={search} onSearch={setSearch} onExport={() => save(store, selected)} />
      <main class="page">
        <Figures store={store} />
        {store.newest().play === undefined || store.status === 'file' ? null : (
          <Toolbar
            play={store.newest().play}
            isDriven={store.mayCommand}
            isPaused={store.view.kind === 'paused'}
            isTouring={tour !== undefined}
            onTour={() => {
              store.resume()
              choose(undefined)
              setTour(keptPlace(tour === undefined ? { step: 0, at: store.clock() } : undefined))
            }}
          />
        )}
        <div class="columns">
          <div class="column column-side">
            <Servers store={store} picture={picture} />
            <Sessions
              store={store}
              picture={picture}
              search={search}
              hash={hash}
              selected={selected}
              onSelect={choose}
            />
          </div>
          <div class="column column-main">
            {tour === undefined ? null : (
              <Tour
                store={store}
                place={tour}
                onStep={(step) => setTour(keptPlace({ step, at: store.clock() }))}
                onEnd={() => setTour(keptPlace(undefined))}
              />
            )}
            <TimelinePanel
              store={store}
              picture={picture}
              session={selected}
              isFollowed={chosen === undefined}
              onFollow={() => choose(undefined)}
            />
          </div>
        </div>
      </main>
    </>
  )
}

/** The hash of a text, as if it were a session id. */
function useHash(text: string): string | undefined {
  const [hash, setHash] = useState<string>()
  const id = useMemo(() => text.trim(), [text])
  useEffect(() => {
    let isOld = false
    setHash(undefined)
    if (id !== '') void shownHash(id).then((found) => (isOld ? undefined : setHash(found)))
    return () => {
      isOld = true
    }
  }, [id])
  return hash
}
