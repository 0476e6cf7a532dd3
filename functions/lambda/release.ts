import { RELEASE_HANDLERS } from '../dispatch.js'
import { createEnvironment, createMessageHandler } from './adapter.js'

/** The Lambda function `release`: release, busy, keep, renew and retire. */
export const handler = createMessageHandler(createEnvironment(), RELEASE_HANDLERS)
