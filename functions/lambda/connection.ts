import { createEnvironment } from './adapter.js'
import { createConnectionHandler } from './handlers.js'

/** The Lambda function `connection`: $connect, $disconnect, hello, and every message that has no route of its own. */
export const handler = createConnectionHandler(createEnvironment())
