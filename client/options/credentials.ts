import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { InvalidArgumentError } from '../errors/index.js'
import { kindOf } from './check.js'

/** AWS credentials as an application gives them: themselves, or a function that provides them. */
export type CredentialsOption = NonNullable<DynamoDBClientConfig['credentials']>
type Given = Exclude<CredentialsOption, (...args: never[]) => unknown>

/** What keeps a value from being credentials, or undefined where nothing does. It never shows a part of the value. */
export function credentialsProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `received ${kindOf(value)}`
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = value as { readonly [K in keyof Given]?: unknown }
  if (typeof accessKeyId !== 'string' || accessKeyId === '') return 'received an object without an accessKeyId'
  if (typeof secretAccessKey !== 'string' || secretAccessKey === '')
    return 'received an object without a secretAccessKey'
  if (sessionToken !== undefined && typeof sessionToken !== 'string') {
    return `received a sessionToken that is ${kindOf(sessionToken)}`
  }
  if (expiration === undefined || Object.prototype.toString.call(expiration) === '[object Date]') return undefined
  return `received an expiration that is ${kindOf(expiration)}`
}

/** Refuses values that are neither credentials nor a function. A function is asked when the client needs them. */
export function compileCredentials(value: CredentialsOption | undefined): CredentialsOption | undefined {
  if (value !== undefined && typeof value !== 'function') {
    checkCredentials(value, 'credentials', ', or be a function that provides them')
  }
  return value
}

/** Throws unless the value of that name is credentials. `or` says what it may be instead. */
export function checkCredentials(value: unknown, name: string, or = ''): asserts value is Given {
  const problem = credentialsProblem(value)
  if (problem === undefined) return
  throw new InvalidArgumentError(`'${name}' must have an accessKeyId and a secretAccessKey${or}: ${problem}`)
}
