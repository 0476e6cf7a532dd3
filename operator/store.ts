import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbStore } from '../store/dynamodb.js'
import { Requests } from '../store/requests.js'
import { REQUEST_TIMEOUT_MS } from './limits.js'
import type { OperatorOptions } from './options.js'

/** The Locks table as the protocol's port. */
export const locksOf = (client: DynamoDBClient, { locksTable }: OperatorOptions): DynamoDbStore =>
  new DynamoDbStore(client, { locks: locksTable }, new Requests({ timeoutMs: REQUEST_TIMEOUT_MS, requestsMax: 1 }))
