/** What the runs must execute, beside the faults: a call that is never made tests nothing. */
const KINDS = [
  'access to one list',
  'access begun in a minimum hold',
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
  'worker access',
  'worker commit',
  'worker commits at once',
  'worker ends',
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
  '$connect',
  '$disconnect',
  '$disconnect before hello is done',
] as const

export type Kind = (typeof KINDS)[number]

export class ExecutedCounts {
  readonly counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>

  hit(kind: Kind): void {
    this.counts[kind] += 1
  }
}
