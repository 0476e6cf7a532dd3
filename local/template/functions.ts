import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TemplateError } from '../errors.js'
import { FUNCTION_MEMORY_MB_DEFAULT, FUNCTION_TIMEOUT_MS_DEFAULT } from '../gateway/aws-limits.js'
import type { Statement } from '../iam/permissions.js'
import type { Assembly } from './assembly.js'
import { known, type Resource, type Resources } from './resources.js'
import type { Rights } from './rights.js'

/** A Lambda function as the template describes it, with what its role allows. */
export interface FunctionSpec {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
  /** The module to load, and the export in it. */
  readonly file: string
  readonly handler: string
  readonly runtime: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly memoryMb: number
  /** The most that may run at once, or undefined where the template sets no limit. */
  readonly reservedConcurrency: number | undefined
  readonly roleName: string
  readonly statements: readonly Statement[]
}

interface FunctionProperties {
  readonly Code: { readonly S3Key?: string }
  readonly Handler: string
  readonly Runtime: string
  readonly Role: string
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> }
  readonly Timeout?: number
  readonly MemorySize?: number
  readonly ReservedConcurrentExecutions?: number
}

const USED = [
  'Code',
  'Handler',
  'Runtime',
  'Role',
  'Environment',
  'Timeout',
  'MemorySize',
  'ReservedConcurrentExecutions',
]
const IGNORED = ['FunctionName', 'Description', 'Architectures', 'LoggingConfig', 'TracingConfig', 'Tags']

export function readFunctions(resources: Resources, assembly: Assembly, rights: Rights): FunctionSpec[] {
  return resources.ofType('AWS::Lambda::Function').map((resource) => {
    const properties = known(resource, USED, IGNORED) as unknown as FunctionProperties
    const statements = rights.get(properties.Role)
    if (statements === undefined)
      throw new TemplateError(`function '${resource.logicalId}' has no role of this template`)
    if (!properties.Runtime.startsWith('nodejs')) {
      throw new TemplateError(`function '${resource.logicalId}' needs ${properties.Runtime}, only Node.js can be run`)
    }
    return {
      logicalId: resource.logicalId,
      name: resource.id,
      arn: resources.attribute(resource.logicalId, 'Arn'),
      ...codeOf(resource, properties, assembly),
      runtime: properties.Runtime,
      environment: properties.Environment?.Variables ?? {},
      timeoutMs: properties.Timeout === undefined ? FUNCTION_TIMEOUT_MS_DEFAULT : properties.Timeout * 1000,
      memoryMb: properties.MemorySize ?? FUNCTION_MEMORY_MB_DEFAULT,
      reservedConcurrency: properties.ReservedConcurrentExecutions,
      roleName: properties.Role.split('/').at(-1) ?? properties.Role,
      statements,
    }
  })
}

function codeOf({ logicalId }: Resource, { Code, Handler }: FunctionProperties, assembly: Assembly) {
  const folder = assembly.assetFolder(Code.S3Key ?? '')
  if (folder === undefined) throw new TemplateError(`function '${logicalId}' has no code in this assembly`)
  const [module = '', handler = ''] = Handler.split('.')
  const file = ['.mjs', '.js', '.cjs'].map((extension) => join(folder, `${module}${extension}`)).find(existsSync)
  if (file === undefined) throw new TemplateError(`function '${logicalId}' has no module '${module}' in ${folder}`)
  return { file, handler }
}
