import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbStore } from '../../store/dynamodb.js'
import { Requests } from '../../store/requests.js'

export interface Answer {
  readonly status: number
  readonly body: object
}

/** A store whose requests `answerTo` answers, on the wire. */
export async function startWireStand(answerTo: (operation: string, body: unknown) => Answer) {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      const answer = answerTo(operation, JSON.parse(body))
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
  return {
    store: new DynamoDbStore(client, { sessions: 'Sessions' }, new Requests({ timeoutMs: 10_000, requestsMax: 50 })),
    stop: () => {
      client.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}
