import { RELEASE_HANDLERS } from '../dispatch.js'
import { createDeps, createMessageHandler } from './adapter.js'

/** The Lambda function `release`: release, busy, keep, renew and retire. */
export const handler = createMessageHandler(createDeps(), RELEASE_HANDLERS)
