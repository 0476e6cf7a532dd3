import { GRANT_HANDLERS } from '../dispatch.js'
import { createEnvironment, createMessageHandler } from './adapter.js'

/** The Lambda function `grant`: acquire and cancel. */
export const handler = createMessageHandler(createEnvironment(), GRANT_HANDLERS)
