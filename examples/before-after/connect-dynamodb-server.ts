import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import session from 'express-session'
import { OPTIONS, serveCart } from './cart.js'

/** Before: express-session with connect-dynamodb, as their documentation has it. */
const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '' })
const Store = connectDynamoDb(session)
const store = new Store({ client, table: process.env.SESSIONS_TABLE ?? '', initialized: true })

serveCart(session({ store, ...OPTIONS }), async () => client.destroy())
