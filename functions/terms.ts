import type { ProcessRecord } from '../protocol/process/record.js'
import { termsToRaise } from '../protocol/process/terms.js'
import { raiseTerm } from '../protocol/process/writes.js'
import type { Deps } from './ports.js'

/**
 * To be awaited before a process is told the timing of this function: from then on the store keeps to it, in functions of
 * another timing, too. It writes only after a change of the timing, and resolves to whether it did.
 */
export async function putTermsOnRecord(deps: Deps, processId: string, process: ProcessRecord): Promise<boolean> {
  const { store, timing } = deps
  const raised = termsToRaise(process, timing)
  await Promise.all(raised.map((term) => store.update(raiseTerm(processId, term, timing[term]))))
  return raised.length > 0
}
