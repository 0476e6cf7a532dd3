import type { APIGatewayProxyResultV2, LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'
import { PROCESS_ID_PATTERN } from '../../protocol/keys.js'
import {
  CONNECTION_HEADER,
  HTTPS_CONNECTION_PATTERN,
  PROCESS_HEADER,
  SECRET_HEADER,
} from '../../protocol/process/https.js'
import { httpsConnection, NOWHERE } from '../../protocol/process/nowhere.js'
import { principalOf } from '../../protocol/process/principal.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../dispatch.js'
import { type HttpsCaller, HttpsCallers } from '../https-callers.js'
import { answerBody } from './answer-body.js'
import type { Environment } from './handlers.js'

type Event = LambdaFunctionURLEventWithIAMAuthorizer

const JSON_HEADERS = { 'content-type': 'application/json' }

/**
 * The handler of all messages that come over HTTPS. Lambda has checked the signature of the request, and names the caller.
 * A caller who may invoke the function by other ways can make up events: the policy for applications allows the URL alone.
 */
export function createHttpsHandler({
  deps,
  time,
  log,
}: Pick<Environment, 'deps' | 'time' | 'log'>): (event: Event) => Promise<APIGatewayProxyResultV2> {
  const dispatcher = new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS }, new HttpsCallers(deps))
  return async (event) => {
    const { requestId, timeEpoch } = event.requestContext ?? {}
    log.requestId = requestId
    const userArn = event.requestContext?.authorizer?.iam?.userArn
    if (!userArn) {
      deps.log({ level: 'warn', event: 'foreignEvent' })
      return { statusCode: 403 }
    }
    const caller = callerOf(event.headers ?? {}, userArn)
    const body = event.isBase64Encoded ? undefined : event.body
    const answer = await time.within(() => dispatcher.answer(caller, body, timeEpoch))
    return { statusCode: 200, headers: JSON_HEADERS, body: answerBody(deps, answer) }
  }
}

/** Lambda hands the names of headers over in lower case. */
function callerOf(headers: Event['headers'], userArn: string): HttpsCaller {
  const named = (header: string, pattern: RegExp) => {
    const value = headers[header] ?? ''
    return pattern.test(value) ? value : ''
  }
  const processId = named(PROCESS_HEADER, PROCESS_ID_PATTERN)
  return {
    principal: principalOf(userArn),
    processId,
    secret: headers[SECRET_HEADER] ?? '',
    connectionId: httpsConnection(named(CONNECTION_HEADER, HTTPS_CONNECTION_PATTERN) || processId),
    endpoint: NOWHERE,
  }
}
