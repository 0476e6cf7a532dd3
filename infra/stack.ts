import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { Holdfast } from './holdfast.js'
import type { HoldfastProps } from './props.js'

export interface HoldfastStackProps extends StackProps, HoldfastProps {}

/** A stack with one {@link Holdfast} in it, and outputs for applications that are deployed by other means. */
export class HoldfastStack extends Stack {
  readonly holdfast: Holdfast

  constructor(scope: Construct, id: string, props: HoldfastStackProps = {}) {
    super(scope, id, { description: 'Holdfast: a session store with real locks', ...props })
    this.holdfast = new Holdfast(this, 'Holdfast', props)
    this.output('Url', this.holdfast.url, 'What clients connect to')
    this.output('LocksTableName', this.holdfast.locksTable.tableName, 'Locks and queues; no user data')
    this.output('SessionsTableName', this.holdfast.sessionsTable.tableName, 'The sessions')
    this.output(
      'AccessPolicy',
      this.toJsonString(this.holdfast.grants.connectPolicy()),
      'The policy for the role of applications',
    )
    const { https } = this.holdfast.functions
    if (https !== undefined) this.output('HttpsFunctionArn', https.functionArn, 'The function for messages over HTTPS')
    this.output('HoldfastConfig', this.holdfast.config, 'Set this as HOLDFAST_CONFIG in applications')
  }

  private output(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description })
  }
}
