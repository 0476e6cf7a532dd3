import type { SessionData } from 'express-session'
import { session } from '../../client/adapters/express-session/index.js'
import { createHoldfast } from '../../client/index.js'
import { OPTIONS, serveCart } from './cart.js'

/** After: another import, and `holdfast` in place of `store`. LOCK is 'write', the default, or 'merge'. */
const holdfast = createHoldfast<Omit<SessionData, 'cookie'>>({ namespace: 'before-after' })
const lock = process.env.LOCK === 'merge' ? 'merge' : 'write'

/** All adds are under way at once; by default the 51st that waits for a session is refused. With 'merge' none is. */
const WAITING_MAX = 200
const waits = lock === 'merge' ? {} : { waitingMax: WAITING_MAX }

serveCart(session({ holdfast, lock, ...waits, ...OPTIONS }), () => holdfast.close({ drainMs: 2_000 }))
