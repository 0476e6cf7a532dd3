import { TemplateError } from '../errors.js'
import { readStatements, type Statement } from '../iam/permissions.js'
import { ACCOUNT_ID, known, type Resource, type Resources } from './resources.js'

/** What the policies of a template allow, by the ARN of the role or the user. */
export type Rights = ReadonlyMap<string, readonly Statement[]>

/** The rights of all roles and users of the template, and of those that it names in policies and does not make. */
export function readRights(resources: Resources): Rights {
  const policies = [...resources.ofType('AWS::IAM::Policy'), ...resources.ofType('AWS::IAM::ManagedPolicy')]
  const rights = new Map<string, Statement[]>()
  const give = (arn: string, document: unknown, owner: string) =>
    rights.set(arn, [...(rights.get(arn) ?? []), ...readStatements(document, owner)])
  for (const [type, ignored] of [
    ['AWS::IAM::Role', ['RoleName', 'AssumeRolePolicyDocument', 'Description', 'Tags']],
    ['AWS::IAM::User', ['UserName', 'Tags']],
  ] as const)
    for (const principal of resources.ofType(type)) {
      const arn = resources.attribute(principal.logicalId, 'Arn')
      rights.set(arn, [])
      for (const document of documentsOf(principal, policies, ignored)) give(arn, document, principal.logicalId)
    }
  for (const { logicalId, properties } of policies) {
    const { Roles = [], Users = [], Groups = [], PolicyDocument } = properties as unknown as Attachments
    const [group] = Groups
    if (group !== undefined) throw new TemplateError(`the policy '${logicalId}' is for a group, which is not supported`)
    for (const name of Roles) give(roleArn(name), PolicyDocument, logicalId)
    for (const name of Users) give(userArn(name), PolicyDocument, logicalId)
  }
  return rights
}

interface Attachments {
  readonly Roles?: readonly string[]
  readonly Users?: readonly string[]
  readonly Groups?: readonly string[]
  readonly PolicyDocument: unknown
}

/** The documents that a role or a user names itself. */
function documentsOf(principal: Resource, policies: readonly Resource[], ignored: readonly string[]): unknown[] {
  const { Policies, ManagedPolicyArns } = known(principal, ['Policies', 'ManagedPolicyArns'], ignored)
  const inline = (Policies ?? []) as readonly { readonly PolicyDocument: unknown }[]
  const managed = ((ManagedPolicyArns ?? []) as readonly string[]).filter((arn) => !LOGGING_POLICY.test(arn))
  const named = managed.map((arn) => {
    const policy = policies.find(({ id }) => id === arn)
    if (policy === undefined) throw new TemplateError(`'${principal.logicalId}' has the unknown policy ${arn}`)
    return policy.properties.PolicyDocument
  })
  return [...inline.map(({ PolicyDocument }) => PolicyDocument), ...named]
}

/** Lets a function write its log, which the local stack hands to its caller instead. */
const LOGGING_POLICY = /:policy\/service-role\/AWSLambdaBasicExecutionRole$/

const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT_ID}:role/${name}`
const userArn = (name: string): string => `arn:aws:iam::${ACCOUNT_ID}:user/${name}`

/** The ARN of whom this names: an IAM user by its name, anybody by the ARN, or a role by that of a session of it. */
export const ownerOf = (nameOrArn: string): string =>
  nameOrArn.startsWith('arn:')
    ? nameOrArn.replace(/^(arn:[^:]+):sts::(\d+):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3')
    : userArn(nameOrArn)
