// A server process: it serves the applications that its parent names, each at a port of its own, and ends with it.
import { once } from 'node:events'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import connectDynamoDb from 'connect-dynamodb'
import express from 'express'
import expressSession from 'express-session'
import { createHoldfast } from 'holdfast'
import { session } from 'holdfast/express-session'
import { moveClock } from '../../../support/clock.mjs'
import { applications } from './applications.mjs'

const { oldTable } = JSON.parse(process.argv[2])
const holdfast = createHoldfast({ namespace: 'shop' })
const memory = new expressSession.MemoryStore()
const errors = []

const oldStore = () =>
  new (connectDynamoDb(expressSession))({
    client: new DynamoDBClient(oldTable.client),
    table: oldTable.name,
    initialized: true,
  })

const middlewares = {
  MemoryStore: (options) => expressSession({ store: memory, ...options }),
  Holdfast: (options) => session({ holdfast, ...options }),
  'connect-dynamodb': (options) => expressSession({ store: oldStore(), ...options }),
  'Holdfast, with connect-dynamodb before': (options) => session({ holdfast, fallback: oldStore(), ...options }),
}

const commands = {
  async serve({ application, store, options }) {
    const app = express()
    app.set('trust proxy', options.proxy)
    const { routes, given = () => ({}) } = applications[application]
    app.use(middlewares[store]({ ...options, ...given() }))
    routes(app, holdfast)
    app.use((error, _req, res, next) => {
      errors.push(String(error))
      if (res.headersSent) next(error)
      else res.status(500).send('failed')
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  },
  /** The errors that came to the applications since they were asked for. */
  errors: async () => errors.splice(0),
  putClock: async ({ ms }) => moveClock(ms),
}

process.on('message', ({ command, n, ...fields }) => {
  commands[command](fields).then(
    (value) => process.send?.({ n, value }),
    (error) => process.send?.({ n, error: error.stack }),
  )
})
process.on('disconnect', () => process.exit())
process.send({ event: 'ready' })
