import { Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam'
import { HoldfastStack } from '../../infra/index.js'
import type { Statement } from '../../local/iam/permissions.js'
import { readDeployment } from '../../local/template/deployment.js'
import { ownerOf } from '../../local/template/rights.js'
import type { Variant } from './variants.js'

/** Somebody who has rights: a function, or whom `grants` gives them. */
export interface Grantee {
  /** A part of the logical ids of its policies, and its name in what the check says. */
  readonly who: string
  /** As the local stack names it: a part of a function's logical id, or the name or ARN of an application. */
  readonly caller: string
  /** The beginnings of the keys that it is confined to. */
  readonly only?: readonly string[]
}

const sessionOf = (role: string) => `arn:aws:sts::000000000000:assumed-role/${role}/server-1`

/** Applications that have the policy of the output. */
export const ACCESS = 'Access'

/** The functions, the policy for applications, and one grantee for each way to give rights. */
export const GRANTEES: readonly Grantee[] = [
  { who: 'Connection', caller: 'FunctionsConnection' },
  { who: 'Grant', caller: 'FunctionsGrant' },
  { who: 'Release', caller: 'FunctionsRelease' },
  { who: 'Https', caller: 'FunctionsHttps' },
  { who: ACCESS, caller: 'application' },
  { who: 'Shop', caller: sessionOf('shop'), only: ['shop#', 'shared#'] },
  { who: 'Import', caller: 'import', only: ['import#'] },
  { who: 'Operators', caller: sessionOf('operators'), only: ['P#'] },
]

/** The stack with all of them. */
export const EVERY_GRANT: Pick<Variant, 'hasFlags' | 'build'> = {
  hasFlags: true,
  build: (app) => {
    const stack = new HoldfastStack(app, 'Holdfast')
    const { grants } = stack.holdfast
    const role = (id: string, roleName: string) =>
      new Role(stack, id, { roleName, assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
    grants.connect(role('Shop', 'shop'), { namespaces: ['shop', 'shared'] })
    grants.connect(new User(stack, 'Import', { userName: 'import' }), { namespaces: ['import'] })
    grants.operate(role('Operators', 'operators'))
  },
}

/** What each of them may do, in the stack of this folder. */
export function readGranted(assembly: string) {
  const { functions, applicationStatements, rights, api, tables, functionUrl } = readDeployment(assembly)
  const statementsOf = ({ caller }: Grantee): readonly Statement[] =>
    functions.find(({ logicalId }) => logicalId.includes(caller))?.statements ??
    rights.get(ownerOf(caller)) ??
    applicationStatements
  const functionArn = functionUrl?.function.arn ?? ''
  return { api, tables, functionArn, all: GRANTEES.map((grantee) => ({ grantee, statements: statementsOf(grantee) })) }
}
