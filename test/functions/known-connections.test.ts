import { KnownConnections } from '../../functions/known-connections.js'

const sender = (processId: string) => ({ processId, mark: 'mark', namespaces: undefined })

describe('the senders that a function remembers', () => {
  test('are bounded, for every sender', () => {
    const known = new KnownConnections(() => 0)
    for (let index = 0; index < 10_000; index += 1) known.remember(`c${index}`, sender(`p${index}`))
    expect(known.senderOf('c0')).toEqual(sender('p0'))
    known.remember('one more', sender('p'))
    expect(known.senderOf('c0')).toBeUndefined()
    expect(known.senderOf('one more')).toEqual(sender('p'))
  })

  test('are the connections of a process that were learned last', () => {
    const known = new KnownConnections(() => 0)
    for (const connection of ['a', 'b', 'c', 'd', 'a', 'e']) known.remember(connection, sender('p'))
    const remembered = ['a', 'b', 'c', 'd', 'e'].filter((connection) => known.senderOf(connection) !== undefined)
    expect(remembered).toEqual(['a', 'c', 'd', 'e'])
  })
})
