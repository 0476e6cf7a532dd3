import { CfnGuardValidator } from '@cdklabs/cdk-validator-cfnguard'
import type { App } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { ACKNOWLEDGED } from './acknowledged.js'

/** A rule that a variant breaks. */
export interface Finding {
  readonly rule: string
  readonly text: string
  /** How many resources break it. */
  readonly places: number
}

/** What cdk-nag says, of warnings too. */
export const nagFindings = (app: App): Finding[] =>
  [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) => findingsOf(pack.validateScope(app)))

/** What the Control Tower's rules say of templates. They are checked by a program of AWS, without a connection. */
export const guardFindings = (files: readonly string[]): Finding[] =>
  findingsOf(new CfnGuardValidator().validate({ templatePaths: [...files] } as never))

function findingsOf(report: {
  readonly violations: readonly {
    readonly ruleName: string
    readonly description: string
    readonly violatingResources?: readonly unknown[]
  }[]
}) {
  // cdk-nag adds the place to some names, in brackets.
  return report.violations.map(({ ruleName, description, violatingResources = [] }) => ({
    rule: ruleName.replace(/\[.*$/, ''),
    text: description,
    places: violatingResources.length,
  }))
}

/** Divides findings into those with a reason, by rule and with the number of their places, and the others. */
export function judged(findings: readonly Finding[]) {
  const known = new Set(ACKNOWLEDGED.flatMap(({ rules }) => rules))
  const acknowledged = findings.filter(({ rule }) => known.has(rule))
  return {
    acknowledged: new Set(acknowledged.map(({ rule }) => rule)),
    places: acknowledged.reduce((sum, { places }) => sum + places, 0),
    open: findings.filter(({ rule }) => !known.has(rule)),
  }
}
