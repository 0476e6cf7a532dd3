import type { Session } from 'fastify'
import { InvalidArgumentError } from '../../errors/index.js'
import type { RequestStore, StoreCalls } from './request-store.js'

type Fields = Record<symbol, unknown>

/** Members of a session object: what is stored under such a name does not come back. */
const OWN = new Set([
  'options',
  'touch',
  'regenerate',
  'get',
  'set',
  'destroy',
  'reload',
  'save',
  'sessionId',
  'encryptedSessionId',
  'isModified',
  'isSaved',
])

export const isReservedName = (name: string): boolean => OWN.has(name)

export const isSession = (value: unknown): value is Session & { readonly sessionId: string } =>
  typeof value === 'object' && value !== null && 'sessionId' in value && 'save' in value

/**
 * The session objects of @fastify/session. Each keeps its store and its request under symbols. It gets the store of its
 * request there, so that no later call of it can use the lock of another request, whatever task it is made in.
 */
export class SessionObjects {
  private storeKey: symbol | undefined
  private requestKey: symbol | undefined

  constructor(private readonly shared: StoreCalls) {}

  /** @throws {InvalidArgumentError} where the object keeps its store elsewhere, as another version might. */
  bind(session: Session, request: object, store: RequestStore): void {
    const fields = session as unknown as Fields
    this.storeKey ??= keyOf(fields, this.shared)
    this.requestKey ??= keyOf(fields, request)
    if (this.storeKey === undefined || this.requestKey === undefined) {
      throw new InvalidArgumentError('this version of @fastify/session is not known: use one from 11.1.0 on, below 12')
    }
    fields[this.storeKey] = store
    // `reload` with a callback gives its new object the store and the request the wrong way round.
    fields[this.requestKey] = request
  }
}

const keyOf = (fields: Fields, value: object): symbol | undefined =>
  Object.getOwnPropertySymbols(fields).find((key) => fields[key] === value)
