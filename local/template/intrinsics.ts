import { TemplateError } from '../errors.js'

/** Resolves references. Each method throws a {@link TemplateError} for a name that it does not know. */
export interface Scope {
  /** The value of `Ref`: a resource's physical id, a parameter's default, or a pseudo parameter such as `AWS::Region`. */
  ref(name: string): string
  /** The value of `Fn::GetAtt`. */
  attribute(logicalId: string, attribute: string): string
}

/** Evaluates a template's value: replaces every intrinsic function in it as CloudFormation does. */
export function evaluate(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [key, argument] = entries[0] ?? []
  if (entries.length === 1 && key !== undefined && isIntrinsic(key)) return apply(key, argument, scope)
  return Object.fromEntries(entries.map(([name, item]) => [name, evaluate(item, scope)]))
}

const isIntrinsic = (key: string): boolean => key === 'Ref' || key.startsWith('Fn::')

function apply(name: string, argument: unknown, scope: Scope): unknown {
  switch (name) {
    case 'Ref':
      return scope.ref(text(argument, name))
    case 'Fn::GetAtt':
      return getAttribute(argument, scope)
    case 'Fn::Join': {
      const [separator, parts] = pair(evaluate(argument, scope), name)
      return list(parts, name)
        .map((part) => text(part, name))
        .join(text(separator, name))
    }
    case 'Fn::Split': {
      const [separator, whole] = pair(evaluate(argument, scope), name)
      return text(whole, name).split(text(separator, name))
    }
    case 'Fn::Select': {
      const [index, items] = pair(evaluate(argument, scope), name)
      return select(Number(index), list(items, name))
    }
    case 'Fn::Sub':
      return substitute(argument, scope)
    default:
      throw new TemplateError(`the template uses '${name}', which the local stack does not evaluate`)
  }
}

function getAttribute(argument: unknown, scope: Scope): string {
  const [logicalId, ...path] = typeof argument === 'string' ? argument.split('.') : list(argument, 'Fn::GetAtt')
  const attribute = path.map((part) => text(part, 'Fn::GetAtt')).join('.')
  return scope.attribute(text(logicalId, 'Fn::GetAtt'), attribute)
}

function select(index: number, items: readonly unknown[]): unknown {
  if (index in items) return items[index]
  throw new TemplateError(`'Fn::Select' asks for item ${index} of ${items.length}`)
}

/** `${Name}` is a Ref, `${Name.Attribute}` a GetAtt, `${!Name}` stands for itself. */
function substitute(argument: unknown, scope: Scope): string {
  const [template, variables] = Array.isArray(argument) ? pair(argument, 'Fn::Sub') : [argument, {}]
  const given = evaluate(variables, scope) as Readonly<Record<string, unknown>>
  return text(template, 'Fn::Sub').replace(/\$\{([^}]*)\}/g, (_, inner: string) => {
    if (inner.startsWith('!')) return `\${${inner.slice(1)}}`
    const name = inner.trim()
    if (Object.hasOwn(given, name)) return text(given[name], 'Fn::Sub')
    return name.includes('.') ? getAttribute(name, scope) : scope.ref(name)
  })
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TemplateError(`'${name}' expects text, received ${JSON.stringify(value)}`)
}

function list(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TemplateError(`'${name}' expects a list, received ${JSON.stringify(value)}`)
}

function pair(value: unknown, name: string): readonly [unknown, unknown] {
  if (Array.isArray(value) && value.length === 2) return [value[0], value[1]]
  throw new TemplateError(`'${name}' expects a list of two, received ${JSON.stringify(value)}`)
}
