import { useEffect, useState } from 'preact/hooks'
import { TABLE_MS } from '../limits.js'
import type { Store } from './store.js'

/** Draws the component again when the store has changed, and as time goes by; not more often than a table can be read. */
export function useStore(store: Store): void {
  const [, draw] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let lastMs = 0
    const now = () => {
      clearTimeout(timer)
      timer = undefined
      lastMs = performance.now()
      draw((count) => count + 1)
    }
    const soon = (isUrgent: boolean) => {
      if (isUrgent) now()
      else timer ??= setTimeout(now, Math.max(0, lastMs + TABLE_MS - performance.now()))
    }
    const end = store.onChange(soon)
    const beat = setInterval(() => {
      if (store.view.kind === 'live' && store.status === 'live') soon(false)
    }, TABLE_MS)
    return () => {
      end()
      clearInterval(beat)
      clearTimeout(timer)
    }
  }, [store])
}
