import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { CloudWorld } from './cloud-world.js'
import type { Functions } from './functions.js'
import type { Machine } from './machine.js'

/** The gateway waits for `$connect` no longer. */
const CONNECT_TIMEOUT_MS = 3_000

/** Each session of a role has a name of its own. */
export const arnOf = (role: string, session: string): string => `arn:aws:sts::1:assumed-role/${role}/${session}`
export const OTHER_ARN = arnOf('other', 'app')

/** The gateway's `$connect`: tells a function who opens a connection, before any message of it. */
export class Gate {
  private readonly opening = new Set<string>()

  constructor(
    private readonly world: CloudWorld,
    private readonly functions: Functions,
  ) {}

  /** Whether this connection waits for `$connect`. */
  isOpening(connectionId: string): boolean {
    return this.opening.has(connectionId)
  }

  /** A server opens a connection. */
  connect(connectionId: string, { role }: Machine): Promise<boolean> {
    return this.admit(connectionId, arnOf(role, this.world.random.token(6)))
  }

  /** Another role has got hold of a process's name and secret, as from a dump of its memory, and greets as that process. */
  async impersonate([processId, secret]: readonly string[]): Promise<StoreMessage | undefined> {
    const { random } = this.world
    const connectionId = random.token(9)
    if (!(await this.admit(connectionId, OTHER_ARN))) return undefined
    const hello = { type: 'hello', v: PROTOCOL_VERSION, processId, secret, label: '', gen: random.integer(2, 50) }
    const event = { eventType: 'MESSAGE', connectionId, type: 'hello', body: JSON.stringify(hello) } as const
    return JSON.parse((await this.functions.invoke(event).answer).body) as StoreMessage
  }

  private async admit(connectionId: string, userArn: string): Promise<boolean> {
    const { timeline, random, faults, counts, executed } = this.world
    executed.hit('$connect')
    this.opening.add(connectionId)
    const isIn = await new Promise<boolean>((resolve) => {
      // A function that dies does not answer.
      timeline.after(CONNECT_TIMEOUT_MS, () => resolve(false))
      const tell = () => {
        const event = { eventType: 'CONNECT', connectionId, type: '$connect', userArn } as const
        this.functions.invoke(event).answer.then(
          ({ statusCode }) => resolve(statusCode === 200),
          () => resolve(false),
        )
      }
      tell()
      if (random.chance(faults().functionRunsTwice) && counts.hit('functionRunsTwice')) tell()
    })
    this.opening.delete(connectionId)
    return isIn
  }
}
