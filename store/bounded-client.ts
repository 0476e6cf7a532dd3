import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { timeoutError } from './requests.js'

/**
 * Bounds each request of a client as a whole: credentials, signature, all tries, headers and body. The SDK's own timeouts
 * know nothing of the first and of the last. What is under way then ends with the client.
 */
export function bounded(client: DynamoDBClient, timeoutMs: number): DynamoDBClient {
  client.middlewareStack.add(
    (next) => (args) => {
      let timer: NodeJS.Timeout | undefined
      const over = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(timeoutError(timeoutMs)), timeoutMs)
      })
      return Promise.race([next(args), over]).finally(() => clearTimeout(timer))
    },
    { step: 'initialize', priority: 'high', name: 'bounded' },
  )
  return client
}
