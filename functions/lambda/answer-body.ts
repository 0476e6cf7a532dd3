import type { StoreMessage } from '../../protocol/messages.js'
import type { Deps } from '../ports.js'

/** The body of the response to a message. A refusal is logged. */
export function answerBody({ log }: Pick<Deps, 'log'>, answer: StoreMessage): string {
  if (answer.type === 'refused') {
    log({ level: 'warn', event: 'refused', code: answer.code, of: answer.of }, { RefusedByCode: 1 })
  }
  return JSON.stringify(answer)
}
