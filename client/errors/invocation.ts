import { HoldfastError } from './base.js'
import { nameType } from './brand.js'

const ENDED = {
  deadline: 'the time of this invocation is over: make its work shorter, or give the function a longer timeout',
  returned: 'this invocation has ended: await everything that it starts before its handler returns',
} as const

/**
 * `INVOCATION_ENDED`: the invocation of a Lambda function was over. `reason` is `deadline` where its time ran out: an
 * access that was still running has changed nothing, but the invocation as a whole may have, and its `effect` is
 * `unknown`. It is `returned` for a call after the handler had returned or thrown.
 */
export class InvocationEndedError extends HoldfastError {
  static {
    nameType(this, 'InvocationEndedError')
  }

  declare readonly code: 'INVOCATION_ENDED'
  readonly reason: keyof typeof ENDED

  constructor(reason: keyof typeof ENDED, effect: 'none' | 'unknown' = 'none') {
    super('INVOCATION_ENDED', ENDED[reason], { effect, retryable: reason === 'deadline' })
    this.reason = reason
  }
}
