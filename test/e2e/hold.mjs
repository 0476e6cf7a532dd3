// One application server that does what its parent says, one command at a time, and reports what came of it.
import { createHoldfast } from 'holdfast'
import { moveClock } from '../support/clock.mjs'

const { clockOffMs = 0, ...options } = JSON.parse(process.argv[2] ?? '{}')
moveClock(clockOffMs)

const holdfast = createHoldfast({ namespace: 'e2e', ...options })
for (const event of ['granted', 'wanted', 'released', 'lost']) {
  holdfast.on(event, (detail) => process.send?.({ event, epoch: detail.epoch, code: detail.error?.reason }))
}

const commands = {
  increment: ({ id }) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    }),
  // Reports that it runs, then goes on until the parent says `finish`.
  incrementSlowly: ({ id }) =>
    holdfast.access(id, { write: ['count'] }, async ({ state }) => {
      process.send?.({ event: 'running' })
      await new Promise((resolve) => process.on('message', ({ command }) => command === 'finish' && resolve()))
      state.count = (state.count ?? 0) + 1
      return state.count
    }),
  putClock: async ({ ms }) => moveClock(ms),
  health: () => Promise.resolve(holdfast.health()),
  close: () => holdfast.close().then(() => process.disconnect?.()),
}

process.on('message', ({ command, n, ...rest }) => {
  commands[command]?.(rest).then(
    (value) => process.send?.({ n, value }),
    (error) => process.send?.({ n, error: { code: error.code, effect: error.effect, reason: error.reason } }),
  )
})
process.send?.({ event: 'ready' })
