import { DEMO_REQUESTS_AT_ONCE, DEMO_VISITORS } from '../limits.js'
import { plural } from '../view/words.js'
import type { Side } from './orders.js'
import type { Outcome } from './visitors.js'

/** The demo in words. */

export const introduction = (servers: readonly string[]): string =>
  `${servers.length} application servers run, each a process of its own:
  ${servers.join('\n  ')}
${DEMO_VISITORS} visitors have a session each. A page that a visitor opens makes ${DEMO_REQUESTS_AT_ONCE} requests at once, and each puts an item into
the visitor's cart. The requests of visitor 1 go to all servers in turn, those of the others to one server each.`

const HOW: { readonly [S in Side]: (contended: string) => string } = {
  unlocked: () => 'without a lock: a request reads the session, adds its item, and writes the session back',
  holdfast: (contended) =>
    `with Holdfast: a request locks the cart. All servers want ${contended}, the session of visitor 1`,
}

export const beginning = (side: Side, seconds: number, contended: string): string =>
  `For ${seconds} s ${HOW[side](contended)}.`

export const progress = (acknowledged: number): string => `${grouped(acknowledged)} items added so far`

export function sideText(outcome: Outcome, handoffs: number): string {
  const { side, acknowledged, failed, found, lost, kept, keptP50Ms, waited, waitedP50Ms } = outcome
  const failures = failed === 0 ? '' : ` ${plural(failed, 'request')} failed.`
  const sum = `  ${grouped(acknowledged)} items were acknowledged, ${grouped(found)} are in the carts: ${lost === 0 ? 'nothing is' : `${grouped(lost)} are`} lost.${failures}`
  if (side === 'unlocked') return `${sum}\n  Requests at once read the same cart, and the last one that writes it wins.`
  return `${sum}
  ${grouped(kept)} requests found the session on their server: no call to get it, one write (p50 ${keptP50Ms ?? '-'} ms).
  ${grouped(waited)} had to wait for the session (p50 ${waitedP50Ms ?? '-'} ms): it was handed over ${plural(handoffs, 'time')}, from server to server.`
}

export const end = (isInterrupted: boolean): string =>
  isInterrupted
    ? '\nIt was ended early.'
    : '\nFor an application of your own: npx holdfast dev -- npm run dev. First steps: node_modules/holdfast/docs/guide/first-steps.md'

const grouped = (count: number): string => count.toLocaleString('en-US')
