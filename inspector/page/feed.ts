import type { Entry } from '../model/entry.js'
import type { Store } from './store.js'

const AGAIN_MS = 3_000
/** Longer than a look at another tab, or at a moment. */
const UNSEEN_MS = 10_000

interface Start {
  readonly base: readonly Entry[]
  readonly nowMs: number
}

/** Fills the store: from the file that the page is, or from the stack, for as long as the page is open. */
export function feed(store: Store): void {
  const file = document.getElementById('timeline')
  if (file === null) listen(store)
  else {
    const { base, nowMs, entries } = JSON.parse(file.textContent ?? '') as Start & {
      readonly entries: readonly Entry[]
    }
    store.start(base, nowMs)
    store.setStatus('file')
    store.add(entries)
  }
}

/**
 * The browser connects again by itself, and says which entry it has had last. A page that is hidden or paused for a while
 * hangs up: it shows nothing of what would come, and a browser opens only six connections to one address, for all its tabs
 * together.
 */
function listen(store: Store, after?: string): void {
  let lastN = after
  const source = new EventSource(after === undefined ? 'events' : `events?after=${after}`)
  source.addEventListener('start', ({ data }: MessageEvent<string>) => {
    const { base, nowMs } = JSON.parse(data) as Start
    store.start(base, nowMs)
  })
  source.addEventListener('message', ({ data, lastEventId }: MessageEvent<string>) => {
    lastN = lastEventId
    store.add(JSON.parse(data) as Entry[])
  })
  source.addEventListener('open', () => store.setStatus('live'))
  source.addEventListener('error', () => {
    store.setStatus('lost')
    // Where nobody answers, the browser goes on trying. Where it is refused, it does not.
    if (source.readyState === EventSource.CLOSED) void again(store, end)
  })
  let hangUp: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    if (document.hidden || store.view.kind === 'paused') {
      hangUp ??= setTimeout(() => source.close(), UNSEEN_MS)
      return
    }
    clearTimeout(hangUp)
    hangUp = undefined
    if (source.readyState === EventSource.CLOSED) listen(store, end())
  }
  const forget = store.onChange((isUrgent) => {
    if (isUrgent) look()
  })
  const end = () => {
    document.removeEventListener('visibilitychange', look)
    forget()
    clearTimeout(hangUp)
    return lastN
  }
  document.addEventListener('visibilitychange', look)
  look()
}

async function again(store: Store, end: () => string | undefined): Promise<void> {
  const after = end()
  try {
    const { ok } = await fetch('')
    store.setStatus(ok ? 'full' : 'ended')
  } catch {
    // It is gone meanwhile.
  }
  setTimeout(() => listen(store, after), AGAIN_MS)
}

/** Sends a command to the stack. The text is why it failed; undefined where it did not. */
export async function command(path: 'play' | 'read' | 'evict', body: object): Promise<string | undefined> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return response.ok ? undefined : await response.text()
  } catch {
    return 'the stack does not answer'
  }
}
