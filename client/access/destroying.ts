import type { SessionKey } from '../../protocol/keys.js'
import { SessionMissingError } from '../errors/index.js'
import type { Ticket } from '../session/ticket.js'
import { AccessSession } from './access-session.js'
import type { Entrance } from './entrance.js'

/** Ends the life of a session. The ticket locks all of it. Returns false where there is no such session. */
export async function destroy(entrance: Entrance, key: SessionKey, ticket: Ticket): Promise<boolean> {
  const hold = await entrance.enter(key, ticket).catch((error: unknown) => {
    if (error instanceof SessionMissingError) return undefined
    throw error
  })
  if (hold === undefined) return false
  try {
    await new AccessSession(entrance, key, hold, ticket).destroy()
  } finally {
    entrance.accesses.end()
  }
  return true
}
