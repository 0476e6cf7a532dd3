import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Store, Update } from '../../protocol/dynamodb.js'

interface UpdateItem {
  readonly Key: { readonly pk: { readonly S: string } }
  readonly ConditionExpression: string
  readonly UpdateExpression: string
  readonly ExpressionAttributeNames?: Update['names']
  readonly ExpressionAttributeValues: Update['values']
  readonly ReturnValues: 'ALL_NEW' | 'NONE'
}

/** Gives a store's table of locks the address and the requests of DynamoDB, as far as `acquire` makes them. */
export async function serveLocks(store: Store): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    void text(request).then(async (sent) => {
      const isGet = request.headers['x-amz-target'] === 'DynamoDB_20120810.GetItem'
      const { body, status } = await (isGet ? get : update)(store, JSON.parse(sent) as UpdateItem)
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

const get = async (store: Store, { Key }: UpdateItem) => ({
  status: 200,
  body: { Item: await store.get('locks', Key.pk.S) },
})

async function update(store: Store, input: UpdateItem) {
  const { applied, item } = await store.update({
    table: 'locks',
    key: input.Key.pk.S,
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
