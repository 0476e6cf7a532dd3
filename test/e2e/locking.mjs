// An application server that tells its attribute locks. It begins and ends accesses as its parent says, and keeps what the
// channel of its own clients says.
import { subscribe } from 'node:diagnostics_channel'
import { createHoldfast } from 'holdfast'
import { showLocks } from 'holdfast/testing'

const { label, value } = JSON.parse(process.argv[2] ?? '{}')
const heard = []
subscribe('holdfast:locks', (message) => heard.push(message))
const shown = showLocks()
// On a busy machine the page takes long to be looked at.
const holdfast = createHoldfast({ namespace: 'locking', label, timeoutMs: 300_000 })
const running = new Map()

const commands = {
  /** Begins an access. The answer comes when it has its locks, or, with `isWaiting`, when it waits for them. */
  begin: async ({ id, name, locks, isWaiting }) => {
    const told = heard.length
    const begun = new Promise((resolve) => {
      const access = holdfast.access(
        id,
        locks,
        async ({ state }) => {
          for (const attribute of locks.write ?? []) state[attribute] = value
          const end = new Promise((free) => running.set(name, { free, access }))
          resolve()
          await end
        },
        { label: name },
      )
      running.set(name, { access })
    })
    if (!isWaiting) return begun
    const waits = () => heard.slice(told).some((message) => message.label === name && message.waitsFor !== undefined)
    // An access that waits for the session itself is not told yet.
    while (isWaiting === 'attribute' && !waits()) await new Promise((resolve) => setImmediate(resolve))
  },
  end: async ({ name }) => {
    const { free } = running.get(name)
    free()
  },
  ended: async ({ name }) => running.get(name).access.then(() => undefined),
  heard: async () => ({ timeOrigin: performance.timeOrigin, heard }),
  stop: async () => {
    await holdfast.close()
    await shown.stop()
  },
}

process.on('message', ({ command, n, ...rest }) => {
  const answer = (fields) => process.send({ n, ...fields }, () => command === 'stop' && process.disconnect())
  commands[command](rest).then(
    (given) => answer({ value: given }),
    (error) => answer({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
process.send({ event: 'ready' })
