import type { Store } from './store.js'

/** Lets the visitor save what is shown: the picture of that moment, and the entries up to it. */
export function save(store: Store, session: string | undefined): void {
  const picture = store.picture()
  const shown = {
    at: new Date(store.now()).toISOString(),
    session,
    processes: [...picture.processes.values()].map(({ record, held, waits, isCut }) => ({
      ...record,
      held,
      waits,
      isCut,
    })),
    sessions: [...picture.sessions.values()].map(
      ({ session: key, lock, commits, handoffs, kilobytes, aliveUntil }) => ({
        session: key,
        holder: lock?.holder,
        epoch: lock?.epoch,
        waiters: lock?.waiters,
        kilobytes,
        aliveUntil,
        commits,
        handoffs,
      }),
    ),
    entries: store.shown(undefined),
  }
  const url = URL.createObjectURL(new Blob([JSON.stringify(shown)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `holdfast-${new Date(store.now()).toISOString().replaceAll(':', '-').slice(0, 19)}.json`
  link.click()
  URL.revokeObjectURL(url)
}
