import { taken } from './cpu.js'

const CALLS = 300
const [apiId, stage] = (process.env.HOLDFAST_API ?? '').split('/')

/** Imports a function's bundle, calls its handler again and again, and prints what the import and the calls took. */
const [, , path = '', connectionId = ''] = process.argv
/** Sessions that no other process has asked for. */
const session = `bench#${`${process.pid}`.padEnd(38, 'x')}`
let handler: ((event: object) => Promise<{ readonly body: string }>) | undefined
const load = await taken(async () => {
  handler = (await import(path)).handler
})

async function call(index: number): Promise<void> {
  const event = {
    requestContext: { connectionId, eventType: 'MESSAGE', apiId, stage },
    body: JSON.stringify({ type: 'acquire', session: `${session}${`${index}`.padStart(5, '0')}`, r: index + 1 }),
  }
  const answer = await handler?.(event)
  if (JSON.parse(answer?.body ?? '').type !== 'granted') throw new Error(`not granted: ${answer?.body}`)
}

const first = await taken(() => call(0))
const rest = await taken(async () => {
  for (let index = 1; index <= CALLS; index += 1) await call(index)
})
console.log(JSON.stringify({ importCpuMs: load.cpuMs, firstCpuMs: first.cpuMs, callCpuMs: rest.cpuMs / CALLS }))
