import { parseClientMessage } from '../../protocol/messages.js'
import { SESSION } from '../store/fixtures.js'

export const SECRET = 'S'.repeat(43)

/** The fields of one valid message of each type. */
export const VALID = {
  hello: { v: 1, processId: 'p'.repeat(16), secret: SECRET, label: 'server 1', gen: 1 },
  acquire: { session: SESSION, r: 1 },
  cancel: { session: SESSION, r: 1 },
  release: { session: SESSION, epoch: 7, r: 1 },
  busy: { session: SESSION, epoch: 7 },
  keep: { session: SESSION, epoch: 7 },
  renew: { n: 1 },
  retire: {},
} as const

export type Type = keyof typeof VALID
export const TYPES = Object.keys(VALID) as Type[]

/** Expects the body to be refused with this code. */
export const expectRefused = (body: unknown, code: string): void =>
  expect({ body, ...parseClientMessage(body) }).toMatchObject({ body, ok: false, code })
