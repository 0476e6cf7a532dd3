import { TemplateError } from '../errors.js'
import { readStatements, type Statement } from '../iam/permissions.js'
import { readAssembly } from './assembly.js'
import { type FunctionUrlSpec, readFunctionUrl } from './function-urls.js'
import { type FunctionSpec, readFunctions } from './functions.js'
import { apiHost, Resources } from './resources.js'
import { type Rights, readRights } from './rights.js'
import { type ApiSpec, readApi } from './routes.js'
import { readTables, type TableSpec } from './tables.js'

/** All that an assembly would deploy, as the local stack needs it. */
export interface Deployment {
  readonly stackName: string
  readonly tables: readonly TableSpec[]
  readonly functions: readonly FunctionSpec[]
  readonly api: ApiSpec
  readonly functionUrl: FunctionUrlSpec | undefined
  /** The permissions of applications: the output `AccessPolicy`. */
  readonly applicationStatements: readonly Statement[]
  /** The permissions of each role and each user that the template makes or names. */
  readonly rights: Rights
  readonly outputs: Readonly<Record<string, string>>
}

/** Reads the stack in this folder. Throws a TemplateError for any part that the local stack cannot run as AWS would. */
export function readDeployment(folder: string): Deployment {
  const assembly = readAssembly(folder)
  const resources = new Resources(assembly.template, assembly.stackName)
  const rights = readRights(resources)
  const functions = readFunctions(resources, assembly, rights)
  const outputs = resources.outputs()
  return {
    stackName: assembly.stackName,
    tables: readTables(resources),
    functions,
    api: readApi(resources, functions),
    functionUrl: readFunctionUrl(resources, functions),
    applicationStatements: readAccessPolicy(requiredOutput(outputs, 'AccessPolicy')),
    rights,
    outputs,
  }
}

export function requiredOutput(outputs: Readonly<Record<string, string>>, name: string): string {
  const value = outputs[name]
  if (value === undefined) throw new TemplateError(`the stack has no output '${name}'`)
  return value
}

function readAccessPolicy(document: string): Statement[] {
  try {
    return readStatements(JSON.parse(document), 'AccessPolicy')
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new TemplateError("the output 'AccessPolicy' is no policy document")
  }
}

/** Replaces the API's hostname by this machine, in every URL that the template makes of it. */
export const localize = (text: string, apiId: string, port: number): string =>
  text
    .replaceAll(`https://${apiHost(apiId)}`, `http://127.0.0.1:${port}`)
    .replaceAll(`wss://${apiHost(apiId)}`, `ws://127.0.0.1:${port}`)
