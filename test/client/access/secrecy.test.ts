import { inspect } from 'node:util'
import { HoldfastError } from '../../../client/errors/index.js'
import { currentScope } from '../../../client/scope.js'
import { useOneClient } from './one-client.js'

interface Shop {
  count: number
  note: string
}

const ID = 'an id'

describe('a client', () => {
  const stage = useOneClient<Shop>()
  const finish = <T>(promise: Promise<T>): Promise<T> => stage.world.finish(promise)

  it('shows neither credentials, nor its secret, nor values when it is printed', async () => {
    const credentials = { accessKeyId: 'an access key', secretAccessKey: 'not to be shown' }
    const client = stage.world.client<Shop>({ credentials })
    const printed = await finish(
      client.access(ID, 'all', (session) => {
        session.state.note = 'a value not to be shown'
        return [
          inspect(client, { depth: 20 }),
          JSON.stringify(client),
          inspect(session),
          JSON.stringify(session),
        ].join()
      }),
    )
    const hello = stage.world.traffic.sent.find((text) => text.includes('"hello"')) ?? '{}'
    expect(printed).not.toContain('not to be shown')
    expect(printed).not.toContain((JSON.parse(hello) as { secret: string }).secret)
    expect(printed).toContain('heldSessions')
  })

  it('shows no values where Node.js prints the scope of a promise', async () => {
    await finish(stage.holdfast.access(ID, 'all', ({ state }) => void (state.note = 'a value not to be shown')))
    const printed = await finish(
      stage.holdfast.access(ID, 'all', () => {
        return stage.holdfast.access(ID, 'all', () => inspect(currentScope(), { depth: 20, showHidden: true }))
      }),
    )
    expect(printed).toContain('Scope')
    expect(printed).not.toContain('not to be shown')
  })

  it('never shows a session id, not to the store, in records, or in errors', async () => {
    const id = 'credential-that-must-not-leak'
    await finish(stage.holdfast.access(id, 'all', ({ state }) => void (state.count = 1)))
    const failed = await finish(
      stage.holdfast.access(id, 'all', () => Promise.reject(new HoldfastError('X', 'x'))).catch((e) => e),
    )
    const seen = JSON.stringify([
      stage.world.traffic,
      stage.world.logs,
      [...stage.world.memory.items('locks')],
      [...stage.world.memory.items('sessions')],
      String((failed as Error).stack),
    ])
    expect(seen).not.toContain(id)
  })
})
