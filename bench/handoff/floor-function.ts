import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyResultV2 } from 'aws-lambda'
import type { WebSocketEvent } from '../../functions/lambda/handlers.js'
import { epochMs, type FloorAnswer, type FloorMessage, type FloorPush, type FloorStep } from './floor-message.js'

type Handler = (event: WebSocketEvent) => Promise<APIGatewayProxyResultV2>

const MARK = '"floor":'

/** The deployed function, which also takes the messages of the floor: these do what they say, and nothing else. */
export function withFloor(deployed: Handler): Handler {
  const TableName = process.env.HOLDFAST_LOCKS_TABLE ?? ''
  const dynamoDb = new DynamoDBClient({ maxAttempts: 1 })
  const gateway = new ApiGatewayManagementApiClient({
    endpoint: process.env.HOLDFAST_CALLBACK_URL ?? '',
    maxAttempts: 1,
  })

  async function run(step: FloorStep, key: string): Promise<void> {
    const Key = { pk: { S: key } }
    switch (step.do) {
      case 'write': {
        const ExpressionAttributeValues = { ':one': { N: '1' } }
        const write = { TableName, Key, UpdateExpression: 'ADD n :one', ExpressionAttributeValues }
        await dynamoDb.send(new UpdateItemCommand({ ...write, ReturnValues: 'ALL_NEW' }))
        return
      }
      case 'refusedWrite': {
        const refused = { ConditionExpression: 'attribute_not_exists(pk)', UpdateExpression: 'REMOVE n' }
        const command = new UpdateItemCommand({
          TableName,
          Key,
          ...refused,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        await dynamoDb.send(command).catch((error: unknown) => {
          if (!(error instanceof ConditionalCheckFailedException)) throw error
        })
        return
      }
      case 'read':
        await dynamoDb.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))
        return
      case 'push': {
        const push: FloorPush = { pushed: step.text, sentAtMs: epochMs() }
        const Data = Buffer.from(JSON.stringify(push))
        await gateway.send(new PostToConnectionCommand({ ConnectionId: step.to, Data }))
      }
    }
  }

  return async (event) => {
    if (typeof event.body !== 'string' || !event.body.includes(MARK)) return deployed(event)
    const startedAtMs = epochMs()
    const { floor, key } = JSON.parse(event.body) as FloorMessage
    for (const together of floor) await Promise.all(together.map((step) => run(step, key)))
    const { connectionId } = event.requestContext
    const answer: FloorAnswer = { connectionId, startedAtMs, endedAtMs: epochMs() }
    return { statusCode: 200, body: JSON.stringify(answer) }
  }
}
