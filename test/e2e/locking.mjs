// An application server that tells its attribute locks. It begins and ends accesses as its parent says, and keeps what the
// channel of its own clients says.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createHoldfast } from 'holdfast'
import { showLocks } from 'holdfast/testing'

const { label, value } = JSON.parse(process.argv[2] ?? '{}')
const CHANNEL = 'holdfast:locks'
const heard = []
subscribe(CHANNEL, (message) => heard.push(message))
showLocks()
// On a busy machine the page takes long to be looked at.
const holdfast = createHoldfast({ namespace: 'locking', label, timeoutMs: 300_000 })
const running = new Map()

/** Resolves when an access of this name waits for an attribute. One that waits for the session itself is not told yet. */
const waits = (name) =>
  new Promise((resolve) => {
    const listen = ({ label: of, waitsFor }) => {
      if (of !== name || waitsFor === undefined) return
      unsubscribe(CHANNEL, listen)
      resolve()
    }
    subscribe(CHANNEL, listen)
  })

const commands = {
  /** Begins an access. The answer comes when it has its locks; or when it waits for an attribute; or at once. */
  begin: async ({ id, name, locks, until }) => {
    const waiting = waits(name)
    const one = {}
    running.set(name, one)
    const begun = new Promise((resolve) => {
      const work = async ({ state }) => {
        for (const attribute of locks.write ?? []) state[attribute] = value
        const end = new Promise((free) => (one.free = free))
        resolve()
        await end
      }
      one.access = holdfast.access(id, locks, work, { label: name })
    })
    if (until === 'locked') await begun
    if (until === 'waiting') await waiting
  },
  end: async ({ name }) => running.get(name).free(),
  ended: async ({ name }) => running.get(name).access.then(() => undefined),
  heard: async () => ({ timeOrigin: performance.timeOrigin, heard }),
}

process.on('message', ({ command, n, ...rest }) => {
  const answer = (fields) => process.send({ n, ...fields })
  commands[command](rest).then(
    (given) => answer({ value: given }),
    (error) => answer({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
process.send({ event: 'ready' })
