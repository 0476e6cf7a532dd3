import { RELEASE_HANDLERS } from '../dispatch.js'
import { createEnvironment } from './adapter.js'
import { createMessageHandler } from './handlers.js'

/** The Lambda function `release`: release, busy, keep, renew and retire. */
export const handler = createMessageHandler(createEnvironment(), RELEASE_HANDLERS)
