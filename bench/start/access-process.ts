import { taken } from './cpu.js'

/**
 * A server's start: the import of the client, by the name in the first argument, the first access, and the first one to
 * another session. Prints what each took.
 */
const startedAt = performance.now()
const { createHoldfast }: typeof import('../../client/index.js') = await import(process.argv[2] ?? '')
const importMs = performance.now() - startedAt
const holdfast = createHoldfast<{ count: number }>({ namespace: 'bench' })

async function accessMs(id: string): Promise<number> {
  const { ms } = await taken(() =>
    holdfast.access(id, 'all', ({ state }) => {
      state.count = 1
    }),
  )
  return ms
}

const firstAccessMs = await accessMs(`first ${process.pid}`)
const nextSessionMs = await accessMs(`next ${process.pid}`)
await holdfast.close()
console.log(JSON.stringify({ importMs, firstAccessMs, nextSessionMs }))
