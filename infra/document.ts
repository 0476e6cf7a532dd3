import { type IGrantable, type IPrincipal, PolicyDocument, type PrincipalPolicyFragment } from 'aws-cdk-lib/aws-iam'
import { DependencyGroup } from 'constructs'

/** A policy document with what `give` gives to somebody of this account. */
export function documentOf(principalAccount: string, give: (grantee: IGrantable) => void): PolicyDocument {
  const document = new PolicyDocument()
  const nobody: IPrincipal = {
    get grantPrincipal() {
      return nobody
    },
    principalAccount,
    assumeRoleAction: 'sts:AssumeRole',
    get policyFragment(): PrincipalPolicyFragment {
      throw new Error('a policy document is of no principal: a resource cannot name it')
    },
    addToPrincipalPolicy(statement) {
      document.addStatements(statement)
      return { statementAdded: true, policyDependable: new DependencyGroup() }
    },
  }
  give(nobody)
  return document
}
