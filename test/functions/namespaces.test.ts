import { Player, Stage, sessionOf } from './stage.js'

const OTHER_ARN = 'arn:aws:sts::123456789012:assumed-role/Blog/server-1'
const OTHER = 'arn:aws:sts::123456789012:assumed-role/Blog'

test('a principal that is confined has no word about sessions elsewhere, and changes nothing there', async () => {
  const stage = new Stage()
  stage.namespaces.set(OTHER, new Set(['blog']))
  const anna = await stage.join('anna')
  const session = sessionOf('of the game')
  await stage.acquire(anna, session)
  const { epoch } = stage.lock(session) as { readonly epoch: number }
  const bert = new Player('bert')
  await stage.connect(bert.connectionId, OTHER_ARN)
  await stage.hello(bert, bert.connectionId, 1)
  const before = JSON.stringify([...stage.memory.items('locks')])
  for (const message of [
    { type: 'acquire', session, r: 1 },
    { type: 'acquire', session, r: 1, waiters: 0 },
    { type: 'cancel', session, r: 1 },
    { type: 'release', session, epoch: epoch - 1, r: 1 },
    { type: 'busy', session, epoch },
    { type: 'keep', session, epoch },
  ] as const) {
    const refused = { type: 'refused', code: 'FORBIDDEN', of: message.type, session }
    expect(await stage.send(bert, message)).toMatchObject(refused)
  }
  expect(JSON.stringify([...stage.memory.items('locks')])).toBe(before)
  expect(stage.pushed).toEqual([])
  const own = session.replace('game#', 'blog#')
  expect(await stage.send(bert, { type: 'acquire', session: own, r: 2 })).toMatchObject({ type: 'granted' })
  expect(await stage.send(bert, { type: 'renew', n: 1 })).toMatchObject({ type: 'renewed' })
})
