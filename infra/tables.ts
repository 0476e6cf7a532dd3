import type { RemovalPolicy } from 'aws-cdk-lib'
import {
  AttributeType,
  BillingMode,
  type ITable,
  Table,
  type TableEncryption,
  type WarmThroughput,
} from 'aws-cdk-lib/aws-dynamodb'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'

export interface TablesProps {
  readonly removalPolicy: RemovalPolicy
  readonly deletionProtection: boolean
  readonly encryption: TableEncryption | undefined
  readonly encryptionKey: IKey | undefined
  readonly warmThroughput: WarmThroughput | undefined
  /** Tables that exist already. */
  readonly locks: ITable | undefined
  readonly sessions: ITable | undefined
}

/** The two tables. Nobody but the functions touches `locks`; nobody but applications touches `sessions`. */
export class Tables extends Construct {
  readonly locks: ITable
  readonly sessions: ITable

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id)
    // Lock records are never restored from a backup: an old one would hand out epochs that were used before.
    this.locks = props.locks ?? this.table('Locks', props, false)
    this.sessions = props.sessions ?? this.table('Sessions', props, true)
  }

  /**
   * `Table`, not `TableV2`: that is a global table, which a line of configuration replicates to other regions. A lock must
   * be in one place: a replica takes writes that the others do not know yet, and strongly consistent replicas have no
   * TTL. To change the class later, or an id, makes a new table: every session is gone.
   */
  private table(id: string, props: TablesProps, pointInTimeRecoveryEnabled: boolean): ITable {
    const table = new Table(this, id, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled },
      deletionProtection: props.deletionProtection,
      removalPolicy: props.removalPolicy,
      ...(props.encryption === undefined ? {} : { encryption: props.encryption }),
      ...(props.encryptionKey === undefined ? {} : { encryptionKey: props.encryptionKey }),
      ...(props.warmThroughput === undefined ? {} : { warmThroughput: props.warmThroughput }),
    })
    // CDK's own classes are none of its interfaces under exactOptionalPropertyTypes.
    return table as ITable
  }
}

/**
 * Allows exactly `actions` on exactly this table, and the use of its key where it has one of its own. `leadingKeys` are
 * patterns of the items' keys, where not all items are meant.
 */
export function grantOn(
  table: ITable,
  grantee: IGrantable,
  actions: readonly string[],
  leadingKeys?: readonly string[],
): Grant {
  const grant = Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [table.tableArn],
    ...(leadingKeys === undefined ? {} : { conditions: onlyKeys(leadingKeys) }),
  })
  return table.encryptionKey === undefined ? grant : grant.combine(table.encryptionKey.grantEncryptDecrypt(grantee))
}

/** A request that names no key would pass `ForAllValues` alone. */
const onlyKeys = (patterns: readonly string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns },
  Null: { 'dynamodb:LeadingKeys': 'false' },
})
