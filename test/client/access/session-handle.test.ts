import { inspect } from 'node:util'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { settle } from '../../support/world.js'
import { codeOf } from './nested.js'
import { useOneClient } from './one-client.js'

interface Shop {
  count: number
}

const ID = 'credential-that-must-not-leak'

describe('a handle of a session', () => {
  const stage = useOneClient<Shop>()
  const finish = <T>(promise: Promise<T>): Promise<T> => stage.world.finish(promise)

  it('makes the calls of the client on the session of its id', async () => {
    const session = stage.holdfast.session(ID)
    await finish(stage.holdfast.access(ID, { write: ['count'] }, ({ state }) => void (state.count = 1)))
    const seen = await finish(session.access({ write: ['count'] }, ({ state }) => (state.count ?? 0) + 1))
    expect(seen).toBe(2)
    const opened = await finish(session.open({ write: ['count'] }))
    opened.state.count = 7
    await finish(opened.close())
    expect((await finish(session.peek()))?.state.count).toBe(7)
    expect((await finish(stage.holdfast.peek(ID)))?.state.count).toBe(7)
    expect(await finish(session.destroy())).toBe(true)
    expect(await finish(session.destroy())).toBe(false)
    expect(await finish(stage.holdfast.peek(ID))).toBeUndefined()
  })

  it('joins the access around it, and is joined, as by the id', async () => {
    const session = stage.holdfast.session(ID)
    const joined = stage.holdfast.access(ID, 'all', ({ state }) => {
      state.count = 1
      return session.access({ write: ['count'] }, (inner) => {
        inner.state.count = (inner.state.count ?? 0) + 1
        return stage.holdfast.access(ID, { read: ['count'] }, (innermost) => innermost.state.count)
      })
    })
    expect(await finish(joined)).toBe(2)
    expect(await finish(stage.holdfast.access(ID, 'all', () => codeOf(session.destroy())))).toBe('NESTED_ACCESS')
  })

  it('does nothing by itself', async () => {
    stage.holdfast.session(ID)
    await settle()
    expect(stage.world.traffic.sent).toEqual([])
    expect(stage.holdfast.health()).toMatchObject({ state: 'idle', heldSessions: 0 })
  })

  it('has the key by which events name the session, and not the id', async () => {
    const session = stage.holdfast.session(ID)
    const granted: string[] = []
    stage.holdfast.on('granted', (event) => granted.push(event.session))
    await finish(session.access('all', () => {}))
    expect(granted).toEqual([session.key])
    expect(JSON.parse(JSON.stringify(session))).toEqual({ key: session.key })
    const everything = inspect(session, { depth: 30, showHidden: true, customInspect: false })
    expect(everything).toContain(session.key)
    expect(everything).not.toContain(ID)
    expect(inspect(session)).toContain(session.key)
  })

  it('is not made for a bad id, and is no id for another client', async () => {
    expect(() => stage.holdfast.session('')).toThrow(InvalidArgumentError)
    const other = stage.world.client<Shop>({ namespace: 'other' })
    const foreign = other.session(ID) as unknown as string
    await expect(finish(stage.holdfast.access(foreign, 'all', () => {}))).rejects.toThrow(
      'a session id must be a string',
    )
  })
})
