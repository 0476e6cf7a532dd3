import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { HoldfastStack } from '../../infra/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { createApp } from '../infra/synthesis.js'

/** The commands whose rights no grant of the construct gives. */
export type RepairCommand = 'locks' | 'adopt'

/** A right as the documents name it. */
export interface Right {
  readonly action: string
  readonly on: 'Sessions' | 'Locks' | 'the copy'
}

/** A restored table of an operator. */
export const COPY_PREFIX = 'Restored-'

const document = readFileSync(join(packageRoot, 'docs/guide/cli.md'), 'utf8')

/** The rights of a command, as its row in docs/guide/cli.md has them. */
export function documentedRights(command: RepairCommand): readonly Right[] {
  const row = new RegExp(`^\\| \`${command}\` \\|([^|]*)\\|([^|]*)\\|`, 'm').exec(document)
  if (row === null) throw new Error(`docs/guide/cli.md has no rights of '${command}'`)
  const [, sessionsCell = '', locksCell = ''] = row
  const [sessions = '', copy = ''] = sessionsCell.split('on the copy')
  const rights = (cell: string, on: Right['on']) =>
    [...cell.matchAll(/`(?:dynamodb:)?([A-Z]\w+)`/g)].map(([, name]) => ({ action: `dynamodb:${name}`, on }))
  return [...rights(sessions, 'Sessions'), ...rights(copy, 'the copy'), ...rights(locksCell, 'Locks')]
}

/** The name of the role that has the rights of a command, but for one. */
export const roleOf = (command: RepairCommand, without?: Right): string =>
  without === undefined ? command : `${command}-${without.action.split(':')[1]}-${without.on.split(' ').at(-1)}`

/** The stack with a role for each command, and one more for each of its rights, which it lacks. */
export function repairAssembly(commands: readonly RepairCommand[]): string {
  const app = createApp()
  const stack = new HoldfastStack(app, 'Holdfast')
  const { sessionsTable, locksTable } = stack.holdfast
  const copy = stack.formatArn({ service: 'dynamodb', resource: 'table', resourceName: `${COPY_PREFIX}*` })
  const resources = { Sessions: sessionsTable.tableArn, Locks: locksTable.tableArn, 'the copy': copy }
  for (const command of commands) {
    const documented = documentedRights(command)
    for (const without of [undefined, ...documented]) {
      const statements = documented
        .filter((right) => right !== without)
        .map(({ action, on }) => new PolicyStatement({ actions: [action], resources: [resources[on]] }))
      const roleName = roleOf(command, without)
      const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com')
      new Role(stack, roleName, {
        roleName,
        assumedBy,
        inlinePolicies: { documented: new PolicyDocument({ statements }) },
      })
    }
  }
  return app.synth().directory
}
