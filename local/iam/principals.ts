import { randomBytes } from 'node:crypto'
import type { FunctionSpec } from '../template/functions.js'
import { ACCOUNT_ID } from '../template/resources.js'
import { ownerOf } from '../template/rights.js'
import type { Context } from './conditions.js'
import { isAllowed, type Statement } from './permissions.js'

/** The credentials with which an AWS SDK signs requests. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** A signer of requests, with its permissions. */
export interface Principal {
  /** The name in counts and tests. */
  readonly name: string
  readonly arn: string
  /** The `caller` in events of API Gateway. */
  readonly callerId: string
  readonly credentials: Credentials
  /** `everything` is for the administrator of the stack, such as a test. */
  readonly statements: readonly Statement[] | 'everything'
  /** What AWS's services do not know yet, while a change of IAM spreads. They know all where this is left out. */
  readonly unknown?: () => 'key' | 'rights' | undefined
}

/** Whether IAM lets this principal do this, where it knows that much of the request. */
export const may = (principal: Principal, action: string, resource: string, context?: Context): boolean => {
  const { statements, unknown } = principal
  if (unknown?.() === 'rights') return false
  return statements === 'everything' || isAllowed(statements, action, resource, context)
}

const temporary = () => ({ sessionToken: randomBytes(24).toString('base64') })

/** DynamoDB Local takes letters and digits only in the id of a key. */
const drawnKeys = (): Credentials => ({
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64'),
})

/** All principals of one local stack. Every stack has its own secrets. */
export class Principals {
  private readonly byAccessKey = new Map<string, Principal>()
  /** By the role: when the rights will have spread that applications have by it. */
  private readonly rightsSpreadAtMs = new Map<string, number>()

  /** `spreadMs`: for so long AWS's services do not know of an application that is added. */
  constructor(
    private readonly spreadMs = 0,
    private readonly nowMs = () => performance.now(),
  ) {}

  /** Adds a user with a key of its own, such as an application server. */
  addUser(name: string, statements: Principal['statements'], fixed?: Credentials): Principal {
    return this.add({ name, arn: `arn:aws:iam::${ACCOUNT_ID}:user/${name}`, statements, token: {} }, fixed)
  }

  /**
   * Adds a user by its name, or a principal by its ARN. A user has a new key, which has to spread. A session of a role has
   * temporary credentials, which are good at once: the rights of the role have to spread, from its first session on.
   */
  addApplication(nameOrArn: string, statements: Principal['statements']): Principal {
    const isSession = nameOrArn.includes(':sts:')
    const arn = nameOrArn.startsWith('arn:') ? nameOrArn : ownerOf(nameOrArn)
    const role = ownerOf(arn)
    const untilMs = (isSession ? this.rightsSpreadAtMs.get(role) : undefined) ?? this.nowMs() + this.spreadMs
    if (isSession) this.rightsSpreadAtMs.set(role, untilMs)
    const unknown = () => (this.nowMs() >= untilMs ? undefined : isSession ? 'rights' : 'key')
    return this.add({ name: nameOrArn, arn, statements, unknown, token: isSession ? temporary() : {} })
  }

  /** Adds a function, with the temporary credentials that Lambda gives it. */
  addFunction({ logicalId, name, roleName, statements }: FunctionSpec): Principal {
    const arn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${roleName}/${name}`
    return this.add({ name: logicalId, arn, statements, token: temporary() })
  }

  find(accessKeyId: string): Principal | undefined {
    const principal = this.byAccessKey.get(accessKeyId)
    return principal?.unknown?.() === 'key' ? undefined : principal
  }

  private add(
    who: Pick<Principal, 'name' | 'arn' | 'statements' | 'unknown'> & { token: { sessionToken?: string } },
    fixed = drawnKeys(),
  ): Principal {
    const { token, ...rest } = who
    const callerId = `LOCALID${randomBytes(6).toString('hex').toUpperCase()}`
    const principal = { ...rest, callerId, credentials: { ...fixed, ...token } }
    this.byAccessKey.set(fixed.accessKeyId, principal)
    return principal
  }
}
