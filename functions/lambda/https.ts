import { createEnvironment } from './adapter.js'
import { createHttpsHandler } from './https-handler.js'

/** The Lambda function `https`: all messages that come over its function URL. */
export const handler = createHttpsHandler(createEnvironment())
