import { Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam'
import { HoldfastStack } from '../../infra/index.js'
import { createApp } from '../infra/synthesis.js'

/** A server that has taken on one of the roles below. */
export const serverOf = (role: string, name = 'server-1') => `arn:aws:sts::000000000000:assumed-role/${role}/${name}`

/**
 * The stack with the roles `shop` and `blog`, each confined to the namespace of its name, and `operators`; with the user
 * `shop-import` and the role `elsewhere` of another stack, which are confined to `shop`, too.
 */
export function confinedAssembly(): string {
  const app = createApp()
  const stack = new HoldfastStack(app, 'Holdfast')
  const { grants } = stack.holdfast
  const role = (roleName: string) =>
    new Role(stack, roleName, { roleName, assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
  for (const name of ['shop', 'blog']) grants.connect(role(name), { namespaces: [name] })
  grants.connect(new User(stack, 'Import', { userName: 'shop-import' }), { namespaces: ['shop'] })
  grants.connect(Role.fromRoleName(stack, 'Elsewhere', 'elsewhere'), { namespaces: ['shop'] })
  grants.operate(role('operators'))
  return app.synth().directory
}
