import type { StoreMessage } from '../protocol/messages.js'
import { RecentMap } from '../protocol/recent-map.js'
import type { Callers } from './callers.js'
import { type Hello, helloOverHttps } from './hello.js'
import { REMEMBERED_CONNECTIONS_MAX } from './limits.js'
import { markOf } from './mark.js'
import { fetchProcess } from './next-holder.js'
import type { Address, Deps, Speaker } from './ports.js'
import { secretHashOf } from './secret-hash.js'

/** The sender of one request over HTTPS, as the request names it. Lambda has checked the principal, and nothing else. */
export interface HttpsCaller extends Address {
  readonly principal: string
  /** '' where the request names none. */
  readonly processId: string
  readonly secret: string
}

/** What a process has registered with. It never changes. */
interface Proof {
  readonly secretHash: string
  readonly principal: string
}

/**
 * Callers over HTTPS. A request speaks for the process that it names if it has that one's secret, and comes from the same
 * principal. So each proves itself, and a process needs no `hello` of its own for this way.
 */
export class HttpsCallers implements Callers<HttpsCaller> {
  private readonly proofs = new RecentMap<string, Proof>(REMEMBERED_CONNECTIONS_MAX)

  constructor(private readonly deps: Deps) {}

  async greet(caller: HttpsCaller, message: Hello): Promise<StoreMessage> {
    const answer = await helloOverHttps(this.deps, caller, message)
    const { principal } = caller
    if (answer.type === 'welcome')
      this.proofs.set(message.processId, { secretHash: secretHashOf(message.secret), principal })
    return answer
  }

  senderOf(caller: HttpsCaller): Speaker | undefined {
    const proof = this.proofs.get(caller.processId)
    return proof !== undefined && isProven(caller, proof) ? this.speaker(caller) : undefined
  }

  async identify(caller: HttpsCaller): Promise<Speaker | undefined> {
    const { processId } = caller
    const process = processId === '' ? undefined : await fetchProcess(this.deps, processId)
    if (process === undefined || !isProven(caller, process)) return undefined
    const { secretHash, principal } = process
    this.proofs.set(processId, { secretHash, principal })
    return this.speaker(caller)
  }

  private speaker({ processId, principal }: HttpsCaller): Speaker {
    return { processId, mark: markOf(principal), namespaces: this.deps.namespaces.get(principal), polls: true }
  }
}

const isProven = ({ secret, principal }: HttpsCaller, proof: Proof): boolean =>
  proof.principal === principal && proof.secretHash === secretHashOf(secret)
