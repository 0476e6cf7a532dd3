import type { StartSide } from '../frame/side.js'
import { heapBytes } from '../measure.js'
import { BenchStore, hold, KEPT } from '../store.js'

type State = { [name: string]: string | number | string[] }

/** The attributes of a session. Each has strings of its own, as if they had come over the network. */
const STATES: Readonly<Record<string, (index: number) => State>> = {
  'no attribute': () => ({}),
  'one number': (index) => ({ count: index }),
  'a small shop': (index) => ({
    cart: [`item ${index}-1`, `item ${index}-2`, `item ${index}-3`, `item ${index}-4`],
    profile: `user ${index}, ${'x'.repeat(90)}`,
    visits: index,
  }),
}

/** A round makes a client hold many sessions, weighs its heap, and closes it: its latency is that of `close()`. */
export const start: StartSide = async ({ setting }) => {
  const sessions = Number(setting.sessions)
  const make = STATES[String(setting.state)]
  if (make === undefined) throw new Error(`there is no state ${String(setting.state)}`)
  return {
    async round(length) {
      if ('operations' in length && length.operations === 0) {
        return { operations: 0, wallMs: 0, latenciesMs: [], cpuMs: 0, counts: {} }
      }
      const messages = { count: 0 }
      const store = new BenchStore(() => {
        messages.count += 1
      })
      const { heldBytes, holdMessages, closeMs, cpuMs } = await held(store, sessions, make, () => messages.count)
      const heapBytesEach = (heldBytes - (await heapBytes())) / sessions
      const counts = {
        heapBytesEach,
        stateBytesEach: store.stateBytes() / sessions,
        holdMessages,
        closeMessages: messages.count - holdMessages,
      }
      return { operations: 1, wallMs: closeMs, latenciesMs: [closeMs], cpuMs, counts }
    },
    stop: async () => {},
  }
}

/** Holds the sessions, weighs, and closes. Nothing of the client outlives this call. */
async function held(store: BenchStore, sessions: number, make: (index: number) => State, messages: () => number) {
  const client = store.client<State>({ heldSessionsMax: sessions, ...KEPT })
  const ids = Array.from({ length: sessions }, (_, index) => `session ${index}`)
  await hold(client, ids, make)
  ids.length = 0
  const heldBytes = await heapBytes()
  const holdMessages = messages()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  await client.close()
  const closeMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  return { heldBytes, holdMessages, closeMs, cpuMs: (user + system) / 1_000 }
}
