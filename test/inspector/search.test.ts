import { sessionKey } from '../../client/session/session-key.js'
import { isFound, shownHash } from '../../inspector/page/search.js'
import { shownSession } from '../../local/inspector/facts.js'

test.each(['', 'a', 'Grüße 🙂', 'x'.repeat(1_000)])('an id is hashed as the client hashes it: %#', async (id) => {
  expect(`shop#${await shownHash(id)}`).toBe(shownSession(sessionKey('shop', id)))
})

test('a session is found by its id, by what is shown of it, and by its holder', async () => {
  const session = shownSession(sessionKey('shop', 'secret')) ?? ''
  const hash = await shownHash('secret')
  expect(isFound(session, 'server-1', 'secret', hash)).toBe(true)
  expect(isFound(session, 'server-1', 'other', await shownHash('other'))).toBe(false)
  expect(isFound(session, 'server-1', session.slice(5, 9), undefined)).toBe(true)
  expect(isFound(session, 'server-1', 'SERVER', undefined)).toBe(true)
  expect(isFound(session, 'server-1', '', undefined)).toBe(true)
})
