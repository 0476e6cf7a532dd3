import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Store, Update } from '../../protocol/dynamodb.js'

/** The body of a request, as far as the functions make it. */
export interface Input {
  readonly TableName: string
  readonly Key: { readonly pk: { readonly S: string } }
  readonly ConsistentRead?: boolean
  readonly ConditionExpression: string
  readonly UpdateExpression: string
  readonly ExpressionAttributeNames?: Update['names']
  readonly ExpressionAttributeValues: Update['values']
  readonly ReturnValues: 'ALL_NEW' | 'NONE'
  readonly ReturnValuesOnConditionCheckFailure?: string
}

/** An answer, as it goes over the wire. */
export interface Output {
  readonly status: number
  readonly body: object
}

/** Gives a store's table of locks the address and the requests of DynamoDB, as far as the functions make them. */
export async function serveLocks(store: Store): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    void text(request).then(async (sent) => {
      const { body, status } = await carryOut(store, request.headers['x-amz-target'], JSON.parse(sent) as Input)
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

/** Carries out a request on a store's table of locks. `target` is the header that names the operation. */
export async function carryOut(store: Store, target: unknown, input: Input): Promise<Output> {
  const key = input.Key.pk.S
  switch (target) {
    case 'DynamoDB_20120810.GetItem':
      return { status: 200, body: { Item: await store.get('locks', key) } }
    case 'DynamoDB_20120810.DeleteItem':
      await store.remove('locks', key)
      return { status: 200, body: {} }
    default:
      return update(store, key, input)
  }
}

async function update(store: Store, key: string, input: Input): Promise<Output> {
  const { applied, item } = await store.update({
    table: 'locks',
    key,
    condition: input.ConditionExpression,
    update: input.UpdateExpression,
    values: input.ExpressionAttributeValues,
    ...(input.ExpressionAttributeNames === undefined ? {} : { names: input.ExpressionAttributeNames }),
    returns: input.ReturnValues === 'ALL_NEW' ? 'new' : 'none',
  })
  if (applied) return { status: 200, body: { Attributes: item } }
  return {
    status: 400,
    body: { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', Item: item },
  }
}
