import { Stack, Token, TokenComparison } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable, type PolicyDocument } from 'aws-cdk-lib/aws-iam'
import { documentOf } from './document.js'
import { grantOn } from './tables.js'

/** A right that an application needs, besides those on sessions. */
export interface Right {
  readonly action: string
  readonly resourceArn: string
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The rights that a store gives to applications. */
export class ApplicationGrants {
  constructor(
    private readonly sessionsTable: ITable,
    private readonly rights: () => readonly Right[],
  ) {}

  /**
   * Allows an application server to connect, to send messages, and to read and write sessions of all namespaces. It gets
   * locks only through the functions.
   *
   * @example
   * holdfast.grants.connect(server.taskRole)
   * @throws {RangeError} for a grantee of another account: a WebSocket API admits none.
   */
  connect(grantee: IGrantable): Grant {
    return this.grant(grantee, undefined)
  }

  /**
   * What `connect` allows, as a policy document: for roles that are made by other means than CDK.
   *
   * @example
   * new CfnOutput(this, 'Policy', { value: this.toJsonString(holdfast.grants.connectPolicy()) })
   */
  connectPolicy(): PolicyDocument {
    return documentOf(this.account, (grantee) => this.grant(grantee, undefined))
  }

  /** `leadingKeys` are patterns of the sessions' keys, where not all sessions are meant. */
  protected grant(grantee: IGrantable, leadingKeys: readonly string[] | undefined): Grant {
    this.checkAccount(grantee)
    // The transaction that gives a session another id consists of updates: for IAM it is two UpdateItem.
    const sessions = grantOn(this.sessionsTable, grantee, ['GetItem', 'UpdateItem'], leadingKeys)
    return this.rights().reduce(
      (grant, { action, resourceArn, conditions = {} }) =>
        grant.combine(Grant.addToPrincipal({ grantee, actions: [action], resourceArns: [resourceArn], conditions })),
      sessions,
    )
  }

  /** CDK would say nothing, and the connections would be refused. */
  private checkAccount({ grantPrincipal: { principalAccount } }: IGrantable): void {
    if (principalAccount === undefined) return
    if (Token.compareStrings(principalAccount, this.account) !== TokenComparison.DIFFERENT) return
    throw new RangeError(
      `applications must be of the account of the store, ${this.account}, received a grantee of ${principalAccount}: ` +
        "a WebSocket API admits nobody of another account. Give a role of the store's account, which the application assumes",
    )
  }

  private get account(): string {
    return Stack.of(this.sessionsTable).account
  }
}
