import { LATENCIES_MAX } from './limits.js'
import type { RoundLength, RunningSide, StartOrder, StartSide } from './side.js'

/** The process of a side: imports its module, and does what side-process.ts asks. */
export type Order =
  | { readonly kind: 'start'; readonly module: string; readonly order: StartOrder }
  | { readonly kind: 'round'; readonly length: RoundLength }
  | { readonly kind: 'stop' }

let side: RunningSide | undefined

async function obey(order: Order): Promise<unknown> {
  if (order.kind === 'start') {
    const { start } = (await import(order.module)) as { readonly start: StartSide }
    side = await start(order.order)
    return undefined
  }
  if (side === undefined) throw new Error('this side has not been started')
  if (order.kind === 'stop') return side.stop()
  const work = await side.round(order.length)
  return { ...work, latenciesMs: work.latenciesMs.slice(0, LATENCIES_MAX) }
}

/** Without a callback, a parent that ends just now would be an uncaught error. */
function tell(message: object): void {
  process.send?.(message, undefined, {}, () => {})
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => tell({ answer }),
    (error: unknown) => tell({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
// Nobody is left to measure for.
process.on('disconnect', () => process.exit())
