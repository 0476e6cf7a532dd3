import { GRANT_HANDLERS } from '../dispatch.js'
import { createEnvironment } from './adapter.js'
import { createMessageHandler } from './handlers.js'

/** The Lambda function `grant`: acquire and cancel. */
export const handler = createMessageHandler(createEnvironment(), GRANT_HANDLERS)
