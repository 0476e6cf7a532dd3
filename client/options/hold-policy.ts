import { invalid } from './check.js'

/** Whether a lock goes back after each access. By default it does in AWS Lambda, where a process may freeze at any time. */
export function compileHoldPolicy(policy: unknown, environment: NodeJS.ProcessEnv): boolean {
  if (policy === undefined) return environment.AWS_LAMBDA_FUNCTION_NAME !== undefined
  if (policy === 'untilRevoked' || policy === 'perAccess') return policy === 'perAccess'
  throw invalid('holdPolicy', "'untilRevoked' or 'perAccess'", policy)
}
