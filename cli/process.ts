import type { ProcessPart } from './processes/child.js'

/** The program of the processes that a command runs beside itself. Its argument says what it is for. */
const PARTS: { readonly [P in ProcessPart]: () => Promise<void> } = {
  'bench-worker': async () => (await import('./bench/worker.js')).runWorker(),
  'demo-server': async () => (await import('./demo/server.js')).runServer(),
}

await PARTS[process.argv[2] as ProcessPart]()
