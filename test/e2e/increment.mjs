// One application server: increments a counter in one session, several accesses at a time, and tells its parent of
// each before it begins and after it is acknowledged. It is made to be killed at any moment.
import { createHoldfast } from 'holdfast'

const { id, times, concurrency } = JSON.parse(process.argv[2] ?? '{}')
const holdfast = createHoldfast({ namespace: 'e2e', timeoutMs: 60_000, label: `pid ${process.pid}` })
holdfast.on('granted', ({ epoch }) => process.send?.({ type: 'granted', epoch }))

let left = times
async function worker() {
  while (left > 0) {
    left -= 1
    process.send?.({ type: 'begun' })
    try {
      await holdfast.access(id, { write: ['count', 'mirror'] }, ({ state }) => {
        if (state.count !== state.mirror) process.send?.({ type: 'torn', count: state.count, mirror: state.mirror })
        state.count = (state.count ?? 0) + 1
        state.mirror = state.count
      })
      process.send?.({ type: 'acknowledged' })
    } catch (error) {
      process.send?.({
        type: error.effect === 'unknown' ? 'unknown' : 'failed',
        code: error.code,
        reason: error.reason,
      })
      if (error.effect !== 'unknown') left += 1
    }
  }
}

await Promise.all(Array.from({ length: concurrency }, worker))
await holdfast.close()
process.disconnect?.()
