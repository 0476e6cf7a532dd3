import { Aws, Lazy, Stack } from 'aws-cdk-lib'
import type { Grant, IGrantable, IPrincipal, IRole, IUser } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { INCARNATION_KEY, NAMESPACE_PATTERN } from '../protocol/keys.js'
import { ApplicationGrants, type Right } from './application-grants.js'
import type { Socket } from './socket.js'
import { grantOn, type Tables } from './tables.js'

/** Options of {@link Grants.connect}. */
export interface ConnectOptions {
  /**
   * The only namespaces that the grantee may use, each 1 to 64 of A-Z a-z 0-9 _ . - It must be a role or a user then, for
   * which there is one such grant. All of them share an environment variable of the functions: some 30 roles fit. A role
   * of another stack is given as `Role.fromRoleName`: each stack would need the other first.
   *
   * @default - all namespaces
   */
  readonly namespaces?: readonly string[]
}

/** The rights that a deployment gives to others. */
export class Grants extends ApplicationGrants {
  private readonly confined: { readonly principal: string; readonly namespaces: readonly string[] }[] = []

  constructor(
    private readonly scope: Construct,
    private readonly tables: Tables,
    private readonly socket: Socket,
    rights: () => readonly Right[],
  ) {
    super(tables.sessions, rights)
  }

  /**
   * Allows an application server to connect, to send messages, and to read and write sessions. It gets locks only through the functions.
   * With `namespaces`, DynamoDB and the functions refuse it all other namespaces: it can neither read sessions there nor
   * take their locks.
   *
   * The hazard: without `namespaces` a role may use all of them, also those that other roles are confined to.
   *
   * @example
   * holdfast.grants.connect(shop.taskRole, { namespaces: ['shop'] })
   * @throws {RangeError} for a wrong namespace, or none, for a grantee that is neither a role nor a user, and for
   *   one of another account.
   */
  override connect(grantee: IGrantable, { namespaces }: ConnectOptions = {}): Grant {
    if (namespaces !== undefined) this.confine(grantee, namespaces)
    return this.grant(
      grantee,
      namespaces?.map((namespace) => `${namespace}#*`),
    )
  }

  /**
   * Allows an operator what the commands `ls`, `top`, `evict` and `incarnation` need, and `evict` and `nextIncarnation` of
   * holdfast/operator: to read the Locks table, which has no user data, to change records of processes, to raise the
   * incarnation, and to close connections. It can neither read sessions nor take locks.
   *
   * The hazard: it can make every process drop what it holds.
   *
   * @example
   * holdfast.grants.operate(operators)
   */
  operate(grantee: IGrantable): Grant {
    const { locks } = this.tables
    return grantOn(locks, grantee, ['Scan'])
      .combine(grantOn(locks, grantee, ['UpdateItem'], ['P#*', INCARNATION_KEY]))
      .combine(grantOn(locks, grantee, ['GetItem'], [INCARNATION_KEY]))
      .combine(this.socket.grantClose(grantee))
  }

  /** The variable of the functions that says whom they confine: undefined where they confine nobody. */
  get confinements(): string {
    const produce = () =>
      this.confined.length === 0
        ? undefined
        : Stack.of(this.scope).toJsonString(this.confined.map(({ principal, namespaces }) => [principal, namespaces]))
    return Lazy.string({ produce })
  }

  private confine(grantee: IGrantable, namespaces: readonly string[]): void {
    const wrong = namespaces.find((namespace) => !NAMESPACE_PATTERN.test(namespace))
    if (wrong !== undefined || namespaces.length === 0) {
      const received = wrong === undefined ? 'none' : `'${wrong}'`
      throw new RangeError(`namespaces must be 1 to 64 characters of A-Z a-z 0-9 _ . - each, received ${received}`)
    }
    this.confined.push({ principal: principalOf(grantee.grantPrincipal), namespaces })
  }
}

/** As the functions name it: see principalOf in protocol/process/principal.ts. */
function principalOf(principal: IPrincipal): string {
  const { roleName, userArn } = principal as Partial<IRole & IUser>
  if (roleName !== undefined) {
    const account = principal.principalAccount ?? Aws.ACCOUNT_ID
    return `arn:${Aws.PARTITION}:sts::${account}:assumed-role/${roleName}`
  }
  if (userArn !== undefined) return userArn
  throw new RangeError('namespaces can be given to a role or a user only: the functions know callers by their names')
}
