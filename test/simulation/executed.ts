import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'

/** What the runs must execute, beside the faults: a call that is never made tests nothing. */
const KINDS = [
  'access to one list',
  'access begun in a minimum hold',
  'access that may change and does not',
  'access under all',
  'access under all: read',
  'access under all: read, with write',
  'accessMany',
  'open',
  'session.lock',
  'session begun after a failure',
  'rotate',
  'destroy',
  'release',
  'create',
  'created session destroyed',
  'peek',
  'peek of a missing session',
  'attribute deleted',
  'attribute deleted by state',
  'commit of many attributes',
  'schema migrates what is read',
  'schema migrates what is stored',
  'life ended by fixed expiry',
  'byte cap lets a session go',
  'keep',
  'keep that finds an ask',
  'hour of a hold of more than a week',
  'TTL removes a session',
  'TTL removes a lock',
  'worker access',
  'worker commit',
  'worker commits at once',
  'worker ends',
  'worker crashes',
  'worker hangs',
  'worker commits notes',
  'notes',
  'commit that is refused',
  'session.destroy',
  'session.rotate',
  'wait for a session that ends',
  'session.close',
  'session.close after reading',
  'disposal without close',
  'session.run',
  'access to another session in session.run',
  'ttlMs of an access',
  'session.ttlMs',
  'nested access',
  'nested access that fails',
  'nested access that commits',
  'worker nested access',
  'worker sets ttlMs',
  'creation that wins its id',
  'creation that loses its id',
  'ifMissing of the client',
  'write-back of a new kind of call',
  'acquire that is queued first',
  'acquire that is to be queued first, and is granted',
  'push to a connection that is gone',
  'sleep',
  'wake over a connection that stood by',
  '$connect',
  '$disconnect',
  '$disconnect before hello is done',
  'HTTPS',
  'HTTPS for want of a connection',
  'poll',
] as const

export type Kind = (typeof KINDS)[number]

export class ExecutedCounts {
  readonly counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>

  hit(kind: Kind): void {
    this.counts[kind] += 1
  }

  /** A function has answered a message. */
  answered(message: ClientMessage, answer: StoreMessage): void {
    if (answer.type === 'noted' && answer.of === 'keep') this.hit('keep')
    if (answer.type === 'revoke') this.hit('keep that finds an ask')
    if (message.type !== 'acquire' || message.waiters === undefined) return
    if (answer.type === 'queued') this.hit('acquire that is queued first')
    if (answer.type === 'granted') this.hit('acquire that is to be queued first, and is granted')
  }
}
