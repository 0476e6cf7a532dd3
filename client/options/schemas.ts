import { InvalidArgumentError, SchemaError } from '../errors/index.js'
import { checkAttributeName } from './attribute-name.js'
import { kindOf } from './check.js'

/**
 * A schema of one attribute: any object that implements version 1 of the Standard Schema interface, such as the schemas
 * of zod, valibot and arktype.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema for each attribute that has one. */
export type Schemas<S extends object> = { readonly [K in keyof S]?: StandardSchema<S[K]> }

/** The schemas of a client, checked. They run when an attribute is read and before a change is committed. */
export class SchemaCheck {
  private readonly schemas: ReadonlyMap<string, StandardSchema>

  constructor(schemas: unknown = {}) {
    if (typeof schemas !== 'object' || schemas === null) {
      throw new InvalidArgumentError(`'schemas' must be an object of schemas by attribute, received ${kindOf(schemas)}`)
    }
    for (const [name, schema] of Object.entries(schemas)) {
      checkAttributeName(name)
      const standard = (schema as Partial<StandardSchema> | undefined)?.['~standard']
      if (standard?.version === 1 && typeof standard.validate === 'function') continue
      throw new InvalidArgumentError(
        `'schemas.${name}' must be a schema with the Standard Schema interface (version 1), as zod, valibot and ` +
          `arktype have it, received ${kindOf(schema)}`,
      )
    }
    this.schemas = new Map(Object.entries(schemas as Record<string, StandardSchema>))
  }

  has(name: string): boolean {
    return this.schemas.has(name)
  }

  /** The value that the schema returns. Throws a SchemaError where the schema does not accept it. */
  apply(name: string, value: unknown): unknown {
    const schema = this.schemas.get(name)
    if (schema === undefined) return value
    const result = schema['~standard'].validate(value)
    if (isThenable(result)) {
      // Nothing awaits this promise: its failure must not become an unhandled rejection.
      Promise.resolve(result).catch(() => {})
      throw new InvalidArgumentError(
        `the schema of '${name}' is asynchronous, or threw: state is read and checked synchronously`,
      )
    }
    if (result.issues === undefined) return result.value
    throw new SchemaError(name, result.issues.map(describe))
  }
}

/** Whether it is a promise of any realm or library. */
const isThenable = (result: object): result is PromiseLike<unknown> =>
  'then' in result && typeof result.then === 'function'

const describe = ({ message, path = [] }: StandardIssue) => ({
  message,
  path: Array.from(path, (step) => String(typeof step === 'object' ? step.key : step)),
})
