import { CfnGuardValidator } from '@cdklabs/cdk-validator-cfnguard'
import type { App } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { ACKNOWLEDGED } from './acknowledged.js'

/** A rule that a variant breaks. */
export interface Finding {
  readonly rule: string
  readonly text: string
}

/** What cdk-nag says, of warnings too. */
export const nagFindings = (app: App): Finding[] =>
  [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) => findingsOf(pack.validateScope(app)))

/** What the Control Tower's rules say of templates. They are checked by a program of AWS, without a connection. */
export const guardFindings = (files: readonly string[]): Finding[] =>
  findingsOf(new CfnGuardValidator().validate({ templatePaths: [...files] } as never))

function findingsOf(report: {
  readonly violations: readonly { readonly ruleName: string; readonly description: string }[]
}) {
  // cdk-nag adds the place to some names, in brackets.
  return report.violations.map(({ ruleName, description }) => ({
    rule: ruleName.replace(/\[.*$/, ''),
    text: description,
  }))
}

/** Divides findings into those with a reason, by rule, and the others. */
export function judged(findings: readonly Finding[]) {
  const known = new Set(ACKNOWLEDGED.flatMap(({ rules }) => rules))
  return {
    acknowledged: new Set(findings.filter(({ rule }) => known.has(rule)).map(({ rule }) => rule)),
    open: findings.filter(({ rule }) => !known.has(rule)),
  }
}
