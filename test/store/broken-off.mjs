// Under Jest the AWS SDK does not know the errors of Node.js for errors, and wraps them. So this runs outside of it: it
// prints the error of a read for each status whose answer breaks off in its body.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDbStore } from '../../dist/esm/store/dynamodb.js'
import { Requests } from '../../dist/esm/store/requests.js'

let status
const server = createServer((_, response) => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': 200 })
  response.write('{"__type":"com.amazonaws', () => response.destroy())
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const client = new DynamoDBClient({
  endpoint: `http://127.0.0.1:${server.address().port}`,
  region: 'local',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
})
const store = new DynamoDbStore(client, { sessions: 'sessions' }, new Requests({ timeoutMs: 2_000, requestsMax: 1 }))
const failures = []
for (status of [200, 400, 503]) {
  await store
    .get('sessions', 'key')
    .catch(({ name, message, $metadata }) => failures.push({ name, message, $metadata }))
}
console.log(JSON.stringify(failures))
client.destroy()
server.close()
