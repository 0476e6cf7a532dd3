import { GRANT_HANDLERS } from '../dispatch.js'
import { createDeps, createMessageHandler } from './adapter.js'

/** The Lambda function `grant`: acquire and cancel. */
export const handler = createMessageHandler(createDeps(), GRANT_HANDLERS)
