// One DynamoDB Local for the local stacks of all test files, since Java takes longer to start than the rest of a stack.
// It starts when the first file asks, and the key of each stack keeps its tables apart.
const events = require('node:events')
const { createServer } = require('node:http')

/** @type {Promise<{ endpoint: string, stop: () => Promise<void> }> | undefined} */
let started

/** Jest's `globalSetup`: test/support/shared-dynamodb.ts asks at the address that this leaves in the environment. */
module.exports = async () => {
  const server = createServer((_, response) => {
    started ??= start()
    started.then(
      ({ endpoint }) => response.end(endpoint),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1').unref()
  await events.once(server, 'listening')
  process.env.HOLDFAST_TEST_DYNAMODB = `http://127.0.0.1:${server.address().port}`
  globalThis.endSharedDynamoDb = async () => {
    server.close()
    await (await started)?.stop()
  }
}

async function start() {
  const { DynamoDbLocal } = await import('../dist/esm/local/dynamodb/server.js')
  const { keepAlive } = await import('../dist/esm/local/keep-alive.js')
  const dynamodb = new DynamoDbLocal()
  await dynamodb.start()
  // It keeps no process alive. So Jest would end while it stops, before it has written its results.
  return { endpoint: dynamodb.endpoint, stop: () => keepAlive(dynamodb.stop()) }
}
