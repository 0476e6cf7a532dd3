import { HoldfastError } from '../../client/errors/index.js'

/** What is wrong with a stack, or with the way to it. docs/guide/cli.md lists the codes. */
export interface Problem {
  readonly code: string
  readonly what: string
  readonly cure: string
}

type Cures = keyof typeof CURES

/** What to do about each problem. */
export const CURES = {
  CREDENTIALS_MISSING: 'Log in (aws sso login), set AWS_PROFILE or --profile, or run where a role gives credentials.',
  CREDENTIALS_UNKNOWN: 'The access key does not exist there. Check --profile, and that the account is the right one.',
  CREDENTIALS_EXPIRED: 'Log in again (aws sso login), or ask the role for new credentials.',
  SECRET_WRONG:
    'The secret key does not belong to the access key: copy both anew. A proxy that changes requests does the same.',
  REGION_WRONG: 'Give the region of the stack: take its output HoldfastConfig as it is, and leave --region out.',
  CLOCK_OFF: 'Set the clock: chronyc makestep, or timedatectl set-ntp true. AWS refuses what was signed 5 minutes off.',
  PERMISSION_MISSING: 'Attach the right to the role that you use; docs/guide/cli.md lists what each command needs.',
  TABLE_MISSING:
    "Check the table's name, the account and the region: the stack's outputs SessionsTableName and LocksTableName.",
  TABLE_WRONG: 'This is not the table that it is taken for: check the names, they may be swapped.',
  LOCKS_TABLE_UNKNOWN: "Give the stack's output LocksTableName as --locks-table, or in HOLDFAST_LOCKS_TABLE.",
  DYNAMODB_THROTTLED:
    "Look at the table's throttle metrics in CloudWatch; raise its limits, or wait. One hot session has 1,000 writes a second.",
  DYNAMODB_UNREACHABLE:
    'Check the network, proxies and VPC endpoints, and dynamoDbEndpoint of the configuration. A local stack must run.',
  DYNAMODB_FOREIGN: 'Something else answers at that address, such as a proxy: check dynamoDbEndpoint and HTTPS_PROXY.',
  FAILED: "The message says what happened. If it says too little, run 'holdfast doctor'.",
} as const

const UNREACHED = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)$/
const THROTTLED = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|TooManyRequests/

/** The problem behind an error of the AWS SDK, or of the client. No message of these shows a secret. */
export function problemOf(error: unknown, table?: string): Problem {
  const { name = '', message = '', code = '' } = (error ?? {}) as { name?: string; message?: string; code?: string }
  const at = table === undefined ? '' : ` (table ${table})`
  const problem = (which: Cures, what = message): Problem => ({ code: which, what: `${what}${at}`, cure: CURES[which] })
  if (error instanceof HoldfastError) return { code: error.code, what: message, cure: CURES.FAILED }
  if (/CredentialsProviderError|TokenProviderError|SSOTokenProviderFailure/.test(name)) {
    return problem('CREDENTIALS_MISSING', `there are no AWS credentials: ${message}`)
  }
  if (/^(UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId)/.test(name)) return problem('CREDENTIALS_UNKNOWN')
  if (name.startsWith('ExpiredToken')) return problem('CREDENTIALS_EXPIRED')
  if (/^(InvalidSignature|SignatureDoesNotMatch)/.test(name)) return problem(signatureCause(message))
  if (name.startsWith('AccessDenied')) return problem('PERMISSION_MISSING', `not allowed: ${deniedAction(message)}`)
  if (name === 'ResourceNotFoundException') return problem('TABLE_MISSING', 'there is no such table here')
  if (name === 'ValidationException') return problem('TABLE_WRONG')
  if (THROTTLED.test(name)) return problem('DYNAMODB_THROTTLED', 'DynamoDB throttles')
  if (UNREACHED.test(code) || name === 'TimeoutError')
    return problem('DYNAMODB_UNREACHABLE', `no answer: ${message || code}`)
  if (name === 'ForeignAnswerError' || name === 'SyntaxError')
    return problem('DYNAMODB_FOREIGN', 'no answer of DynamoDB')
  return problem('FAILED', message === '' ? name : message)
}

function signatureCause(message: string): Cures {
  if (/valid region|scoped to/.test(message)) return 'REGION_WRONG'
  return /expired|not yet current/i.test(message) ? 'CLOCK_OFF' : 'SECRET_WRONG'
}

const deniedAction = (message: string): string => /[a-z-]+:[A-Z]\w+/.exec(message)?.[0] ?? 'the request'
