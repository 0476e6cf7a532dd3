import type { Entry } from '../model/entry.js'
import type { Store } from './store.js'

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

/** The browser connects again by itself, and says which entry it has had last. */
function listen(store: Store): void {
  const source = new EventSource('events')
  source.addEventListener('start', ({ data }: MessageEvent<string>) => {
    const { base, nowMs } = JSON.parse(data) as Start
    store.start(base, nowMs)
  })
  source.addEventListener('message', ({ data }: MessageEvent<string>) => store.add(JSON.parse(data) as Entry[]))
  source.addEventListener('open', () => store.setStatus('live'))
  source.addEventListener('error', () => store.setStatus('lost'))
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
