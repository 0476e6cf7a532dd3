import { randomBytes } from 'node:crypto'
import type { FunctionSpec } from '../template/functions.js'
import { ACCOUNT_ID } from '../template/resources.js'
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
}

/** Whether IAM lets this principal do this, where it knows that much of the request. */
export const may = ({ statements }: Principal, action: string, resource: string, context?: Context): boolean =>
  statements === 'everything' || isAllowed(statements, action, resource, context)

const temporary = () => ({ sessionToken: randomBytes(24).toString('base64') })

/** DynamoDB Local takes letters and digits only in the id of a key. */
const drawnKeys = (): Credentials => ({
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64'),
})

/** All principals of one local stack. Every stack has its own secrets. */
export class Principals {
  private readonly byAccessKey = new Map<string, Principal>()

  /** Adds a user with a key of its own, such as an application server. */
  addUser(name: string, statements: Principal['statements'], fixed?: Credentials): Principal {
    return this.add({ name, arn: `arn:aws:iam::${ACCOUNT_ID}:user/${name}`, statements, token: {} }, fixed)
  }

  /** Adds a user by its name, or a principal by its ARN: a session of an assumed role has temporary credentials. */
  addApplication(nameOrArn: string, statements: Principal['statements']): Principal {
    if (!nameOrArn.startsWith('arn:')) return this.addUser(nameOrArn, statements)
    const token = nameOrArn.includes(':sts:') ? temporary() : {}
    return this.add({ name: nameOrArn, arn: nameOrArn, statements, token })
  }

  /** Adds a function, with the temporary credentials that Lambda gives it. */
  addFunction({ logicalId, name, roleName, statements }: FunctionSpec): Principal {
    const arn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${roleName}/${name}`
    return this.add({ name: logicalId, arn, statements, token: temporary() })
  }

  find(accessKeyId: string): Principal | undefined {
    return this.byAccessKey.get(accessKeyId)
  }

  private add(
    who: Pick<Principal, 'name' | 'arn' | 'statements'> & { token: { sessionToken?: string } },
    fixed = drawnKeys(),
  ): Principal {
    const { token, ...rest } = who
    const callerId = `LOCALID${randomBytes(6).toString('hex').toUpperCase()}`
    const principal = { ...rest, callerId, credentials: { ...fixed, ...token } }
    this.byAccessKey.set(fixed.accessKeyId, principal)
    return principal
  }
}
