/**
 * What a frame says that API Gateway itself sends in place of an answer. It does not say to which message: there were too
 * many, or the function of one failed. Either way the connection works.
 */
export type GatewayFrame = 'tooMany' | 'failed'

/** No document gives the words for a message that is throttled. These are the words for requests and for quotas. */
const TOO_MANY = /too many requests|limit exceeded|rate exceeded|throttl/i

/** Reads a frame of the gateway's own. Undefined for anything else. */
export function parseGatewayFrame(text: string): GatewayFrame | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { message, connectionId, type } = value as Readonly<Record<string, unknown>>
  if (type !== undefined || typeof message !== 'string' || typeof connectionId !== 'string') return undefined
  return TOO_MANY.test(message) ? 'tooMany' : 'failed'
}
