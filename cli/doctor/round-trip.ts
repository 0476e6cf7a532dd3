import { createHoldfast } from '../../client/create.js'
import type { HoldfastOptions } from '../../client/options/client-options.js'
import type { Timing } from '../../protocol/timing.js'
import { DOCTOR_TTL_MS, SLOW_HANDOFFS_MAX, STEP_TIMEOUT_MS } from '../limits.js'
import type { Target } from '../stack/target.js'
import { finding, findingOf } from './findings.js'
import type { Said } from './report.js'

const DOCTOR_NAMESPACE = 'holdfast-doctor'

interface Probe {
  turns: number
}

/**
 * Takes a session of its own through its life, with two clients: made and held by one, asked for by the other, handed
 * over, given back, destroyed. `timings` gets the milliseconds of each part.
 */
export async function roundTrip(target: Target, timing: Timing, timings: Record<string, number>): Promise<Said> {
  const { config, clientCredentials: credentials } = target
  const options: HoldfastOptions<Probe> = {
    namespace: DOCTOR_NAMESPACE,
    config,
    ttlMs: DOCTOR_TTL_MS,
    timeoutMs: STEP_TIMEOUT_MS,
    holdPolicy: 'untilRevoked',
    ...(credentials === undefined ? {} : { credentials }),
  }
  const first = createHoldfast<Probe>({ ...options, label: 'holdfast doctor 1' })
  const second = createHoldfast<Probe>({ ...options, label: 'holdfast doctor 2' })
  let under: string = 'connect'
  const timed = async <T>(part: string, work: () => Promise<T>): Promise<T> => {
    under = part
    const startMs = performance.now()
    const result = await work()
    timings[part] = Math.round(performance.now() - startMs)
    return result
  }
  first.on('released', ({ handoffMs }) => {
    if (handoffMs !== undefined) timings.revokedToReleased = handoffMs
  })
  const add = ({ state }: { readonly state: { turns?: number } }) => {
    state.turns = (state.turns ?? 0) + 1
    return state.turns
  }
  try {
    const id = await timed('connectAndAcquire', () => first.create({ turns: 1 }))
    await timed('commit', () => first.access(id, { write: ['turns'] }, add))
    await timed('connectSecond', () => second.peek(id))
    const turns = await timed('handoff', () => second.access(id, { write: ['turns'] }, add))
    const handBack = async () => {
      await timed('handoffBack', () => first.access(id, { write: ['turns'] }, add))
      return timings.handoffBack ?? 0
    }
    let backMs = await handBack()
    // A busy machine may make one of them slow. Where pushes are lost, all are.
    for (let again = 0; backMs >= timing.nudgeAfterMs && again < SLOW_HANDOFFS_MAX; again += 1) {
      await second.access(id, { write: ['turns'] }, add)
      backMs = await handBack()
    }
    await timed('release', () => first.release(id))
    await timed('destroy', () => first.destroy(id))
    if (turns !== 3) return { findings: [finding('ROUND_TRIP_FAILED', `the second process read ${turns}, expected 3`)] }
    const detail = `handoff ${backMs} ms, commit ${timings.commit} ms`
    if (backMs < timing.nudgeAfterMs) return { detail }
    const what = `a handoff took ${backMs} ms, as long as a nudge (${timing.nudgeAfterMs} ms)`
    return { detail, findings: [finding('PUSHES_LOST', what)] }
  } catch (error) {
    const found = findingOf(error)
    const isOfClient = found.code === 'WAIT_TIMEOUT' || found.code === 'FAILED' || found.code === 'REFUSED'
    const said = isOfClient ? finding('ROUND_TRIP_FAILED', found.what) : found
    return { findings: [{ ...said, what: `${under}: ${said.what}` }] }
  } finally {
    await Promise.all([first.close({ drainMs: 0 }), second.close({ drainMs: 0 })])
  }
}
