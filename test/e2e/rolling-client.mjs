// One application server of one version: increments a counter of its own and one that all share until it is told to
// stop, and tells its parent of each increment that is acknowledged.
const { module, label } = JSON.parse(process.argv[2] ?? '{}')
const { createHoldfast } = await import(module)
const { setTimeout: pause } = await import('node:timers/promises')

const PAUSE_MS = 50
// The version before was given what its own stack put out.
const { httpsUrl: _httpsUrl, ...before } = JSON.parse(process.env.HOLDFAST_CONFIG ?? '{}')
const config = module === 'holdfast' ? {} : { config: before }
const holdfast = createHoldfast({ namespace: 'e2e', label, timeoutMs: 60_000, ...config })
holdfast.on('lost', ({ error }) => process.send?.({ event: 'lost', reason: error.reason }))

const stopping = new AbortController()
const counts = { acknowledged: 0, own: 0, unknown: 0, errors: {} }

async function increment(id, field) {
  try {
    await holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })
    counts[field] += 1
    process.send?.({ event: field, count: counts[field] })
  } catch (error) {
    if (error.effect === 'unknown') counts.unknown += 1
    const name = `${error.code} ${error.reason ?? ''}`.trim()
    counts.errors[name] = (counts.errors[name] ?? 0) + 1
  }
}

async function task(id, field) {
  while (!stopping.signal.aborted) {
    await increment(id, field)
    await pause(PAUSE_MS)
  }
}

const done = Promise.all([task('shared', 'acknowledged'), task(`of ${label}`, 'own')])
async function stop(n) {
  stopping.abort()
  await done
  await holdfast.close()
  process.send?.({ n, value: counts })
  process.disconnect?.()
}
process.on('message', ({ command, n }) => {
  if (command === 'stop') void stop(n)
})
process.send?.({ event: 'ready' })
