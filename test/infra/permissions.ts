import type { Part, Resource, Synthesis } from './synthesis.js'

/** What a policy allows: `<action> <resource>`, and the condition where there is one; one a line, sorted. */
export function allowed(synthesis: Synthesis, policy: Resource): readonly string[] {
  return statements(policy)
    .flatMap(({ actions, resources, condition }) =>
      actions.flatMap((action) => resources.map((resource) => `${action} ${synthesis.text(resource)}${condition}`)),
    )
    .sort()
}

/** What the output for applications allows, in the same form. */
export function allowedToApplications(synthesis: Synthesis): readonly string[] {
  const PolicyDocument = JSON.parse(synthesis.text(synthesis.template.Outputs.AccessPolicy.Value))
  return allowed(synthesis, { Type: 'document', Properties: { PolicyDocument } })
}

/** What the role at `path` allows, by every policy that is attached to it. */
export function allowedToRole(synthesis: Synthesis, path: string): readonly string[] {
  const attached = policies(synthesis).filter(([, policy]) =>
    (policy.Properties.Roles ?? []).some((role: unknown) => synthesis.text(role) === `<${path}>`),
  )
  return attached.flatMap(([, policy]) => allowed(synthesis, policy))
}

/** Every policy of the stack, whoever has it. */
export const policies = (synthesis: Synthesis) => [
  ...synthesis.ofType('AWS::IAM::Policy'),
  ...synthesis.ofType('AWS::IAM::ManagedPolicy'),
]

function statements(policy: Resource) {
  return policy.Properties.PolicyDocument.Statement.map((statement: Part) => {
    const known = ['Action', 'Effect', 'Resource', 'Condition']
    if (statement.Effect !== 'Allow' || Object.keys(statement).some((key) => !known.includes(key))) {
      throw new Error(`a statement that this test does not understand: ${JSON.stringify(statement)}`)
    }
    const condition = statement.Condition === undefined ? '' : ` if ${JSON.stringify(statement.Condition)}`
    return { actions: list(statement.Action), resources: list(statement.Resource), condition }
  }) as readonly {
    readonly actions: readonly string[]
    readonly resources: readonly unknown[]
    readonly condition: string
  }[]
}

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T])
