// One application server that gets signals: its clients close at them, as its options say.
import { createHoldfast } from 'holdfast'

const { clients = 1, ownSignal, ...options } = JSON.parse(process.argv[2])
process.on('warning', ({ name, message }) => process.send?.({ event: 'warning', name, message }))
if (ownSignal !== undefined) process.on(ownSignal, () => process.send?.({ event: 'own' }))

const made = Array.from({ length: clients }, (_, n) =>
  createHoldfast({ namespace: 'e2e', durability: 'release', flushMs: 60_000, label: `client ${n}`, ...options }),
)
const [holdfast] = made
const { signal } = new AbortController()

/**
 * Two accesses of each client to a session of its own. The first makes the session, and is written at once; the change
 * of the second is not written before the session is given back.
 */
const use = async ({ id }) => {
  for (let times = 0; times < 2; times += 1) {
    await Promise.all(
      made.map((client, n) =>
        client.access(`${id} ${n}`, { write: ['count'] }, ({ state }) => {
          state.count = (state.count ?? 0) + 1
        }),
      ),
    )
  }
}

const commands = {
  use,
  /** An access that runs until it is told to end. */
  stay: ({ id }) =>
    holdfast.access(`${id} 0`, { write: ['count'] }, async ({ state }) => {
      process.send?.({ event: 'running' })
      await new Promise((resolve) => process.on('message', ({ command }) => command === 'end' && resolve()))
      state.count = (state.count ?? 0) + 1
    }),
  /** One signal of the application for many waits, and many listeners of one event. */
  async share({ id }) {
    for (let n = 0; n < 50; n += 1) holdfast.on('granted', () => {})
    await Promise.all(Array.from({ length: 50 }, () => holdfast.access(`${id} 0`, 'all', () => {}, { signal })))
    // A warning comes in a later turn.
    await new Promise((resolve) => setImmediate(resolve))
  },
  /** Resolves when the first client closes or has closed: a signal may arrive after a command that was sent later. */
  async closing() {
    while (holdfast.health().state !== 'closed') await new Promise((resolve) => setImmediate(resolve))
  },
}

process.on('message', ({ command, n, ...rest }) => {
  commands[command]?.(rest).then(
    (value) => process.send?.({ n, value }),
    (error) => process.send?.({ n, error: { code: error.code, message: error.message } }),
  )
})
process.send?.({ event: 'ready' })
