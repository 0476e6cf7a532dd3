import type { WaitTimeoutError } from '../../client/errors/index.js'
import type { Holdfast } from '../../client/holdfast.js'
import { currentScope } from '../../client/scope.js'
import type { Store, Update } from '../../protocol/dynamodb.js'
import type { SessionKey } from '../../protocol/keys.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { State } from './attributes.js'
import type { History } from './history.js'
import type { Insides } from './insides.js'
import type { Judge } from './judge.js'

/** The inner state of one client, where a mistake shows outside only much later, or by chance. */
export class ClientWatch {
  private readonly sent = new WeakSet<Update>()
  /** Accesses that have begun to wait or to run, by sessions. */
  private begun = 0

  constructor(
    private readonly judge: Judge,
    private readonly sessions: () => Insides['sessions'],
  ) {}

  /** Listens to what a client tells of its losses, and counts its accesses. */
  listenTo(client: Holdfast<State>, name: string, history: History): void {
    client.on('lost', ({ session, epoch, error, unwritten }) => {
      if (unwritten > 0) history.lost(name, session)
      history.causes.lost(session, epoch, error)
    })
    client.on('connection', ({ state, detail }) => {
      if (state === 'disconnected') history.causes.disconnected(detail)
    })
    const release = client.release.bind(client)
    client.release = (id) => {
      history.quiet?.givesBack(this.sessions().membership?.processId, id)
      return release(id)
    }
    const { accesses } = (client as unknown as Insides).entrance
    const begin = accesses.begin.bind(accesses)
    accesses.begin = () => {
      this.begun += 1
      begin()
    }
  }

  /** What its accesses have cost. */
  checkExpense({ quiet }: History): void {
    const { membership } = this.sessions()
    if (membership !== undefined) quiet?.check(membership.processId, this.begun)
  }

  /** The client calls a listener of the application. */
  listening(): void {
    if (currentScope() !== undefined)
      this.judge.violate('14', 'a listener is called inside the access that caused the event')
  }

  /** A process hears something. One that is over hears nothing: the client may go on as another. Returns what to check then. */
  hearing(p: string, message: StoreMessage): () => void {
    const { membership, known } = this.sessions()
    if (membership === undefined || !('session' in message)) return () => {}
    if (membership.processId === p) return () => this.checkCause(message)
    const lock = () => JSON.stringify(known.get(message.session as SessionKey)?.lock.state)
    const before = lock()
    return () => {
      if (lock() !== before) this.judge.violate('9', 'a process goes by what its former self was told')
    }
  }

  /** An access that gives up now is told what the store has said last. */
  private checkCause(message: StoreMessage): void {
    if (message.type !== 'queued' && message.type !== 'refused') return
    const { membership, known } = this.sessions()
    const lock = known.get(message.session as SessionKey)?.lock
    if (lock?.state.kind !== 'asking' || lock.state.r !== message.r || membership?.isReady !== true) return
    const { code, behind, holder } = lock.explainTimeout(0) as Partial<WaitTimeoutError>
    const isPresent =
      message.type === 'queued'
        ? code === 'WAIT_TIMEOUT' && behind === message.position && holder === message.holder
        : message.code !== 'INTERNAL' || (code as string) === 'REFUSED'
    if (!isPresent)
      this.judge.violate('15', `a wait that ends would be told ${code}, behind ${behind}, of another time`)
  }

  /** An access to this session has ended. */
  ended(session: SessionKey): void {
    const known = this.sessions().known.get(session)
    if (known === undefined) return
    if (known.lock.state.kind === 'asking' && known.waiting.count === 0)
      this.judge.violate('15', 'a client asks for what nobody waits for')
    if (known.onFreed !== undefined && known.hold?.isOpen)
      this.judge.violate('16', 'a release is waited for, and the session is in use anew')
    for (const { wait } of known.waiting.tickets ?? []) {
      if (wait === undefined) this.judge.violate('15', 'an access that has given up is kept in line')
    }
  }

  /** The same store. A session is claimed afresh only for an access that creates it. */
  watch(store: Store): Store {
    return {
      ...store,
      update: (update) => {
        if (update.values[':unborn'] !== undefined && !this.sent.has(update)) this.claimsAfresh(update)
        return store.update(update)
      },
    }
  }

  private claimsAfresh(update: Update): void {
    // It is sent again, if need be, though its access may have given up meanwhile.
    this.sent.add(update)
    const tickets = [...(this.sessions().known.get(update.key as SessionKey)?.waiting.tickets ?? [])]
    if (!tickets.some(({ options }) => options.ifMissing !== 'fail'))
      this.judge.violate('15', 'a session is claimed afresh, and no access creates it')
  }
}
