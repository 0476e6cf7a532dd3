// An execution environment of Lambda: makes the invocations that its parent asks for. The parent freezes it in between.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'shop'

const { createHoldfast } = await import('holdfast')
const { withHoldfast } = await import('holdfast/lambda')
const { default: middy } = await import('@middy/core')

const client = createHoldfast({ namespace: 'e2e' })
let connections = 0
client.on('connection', ({ state }) => {
  connections += state === 'connected' ? 1 : 0
})

const increment = ({ state }) => {
  state.count = (state.count ?? 0) + 1
  return state.count
}

const works = {
  increment: (holdfast, { id }) => holdfast.access(id, { write: ['count'] }, increment),
  read: (holdfast, { id }) => holdfast.access(id, { read: ['count'] }, ({ state }) => state.count),
  throws: (holdfast, { id }) =>
    holdfast.access(id, 'all', (session) => {
      increment(session)
      throw new Error('thrown')
    }),
  early: (holdfast, { id }) => {
    void holdfast.access(id, 'all', increment)
    return 'early'
  },
  never: (holdfast, { id }) => holdfast.access(id, 'all', () => new Promise(() => {})),
  open: async (holdfast, { id }) => {
    increment(await holdfast.open(id, 'all'))
    return 'open'
  },
  connections: () => connections,
}

const handler = withHoldfast(client, (event, _context, holdfast) => works[event.work](holdfast, event), {
  marginMs: 1_000,
})

// A middleware that returns early skips the `after` and `onError` of those around it. The wrapper is around all of it.
const app = middy()
  .use({
    before: async ({ event, context }) => {
      if (event.early === undefined) return undefined
      increment(await context.holdfast.open(event.id, 'all'))
      return event.early
    },
  })
  .handler((event, { holdfast }) => works[event.work](holdfast, event))
const aroundMiddy = withHoldfast(
  client,
  (event, context, holdfast) => app(event, Object.assign(context, { holdfast })),
  { marginMs: 1_000 },
)

process.on('message', ({ n, event, remainingMs = 10_000 }) => {
  const endMs = performance.now() + remainingMs
  const context = { getRemainingTimeInMillis: () => endMs - performance.now() }
  const invoked = event.middy ? aroundMiddy(event, context) : handler(event, context)
  invoked.then(
    (value) => process.send({ n, value }),
    ({ code, message }) => process.send({ n, error: { code, message } }),
  )
})
process.send({ event: 'ready' })
