import { RemovalPolicy } from 'aws-cdk-lib'
import type { Node } from 'constructs'
import type { HoldfastStackProps } from './stack.js'

/** A stack for trials: `npx cdk destroy` deletes its tables with all that is in them. */
const TRIAL: HoldfastStackProps = { removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false }

/**
 * The props of the stack from `-c name=value`, or from cdk.json. Throws a RangeError for a value that is not known:
 * passing over it would deploy another stack than was asked for.
 */
export function propsFromContext(node: Node): HoldfastStackProps {
  const disposable: unknown = node.tryGetContext('disposable')
  return isDisposable(disposable) ? TRIAL : {}
}

function isDisposable(value: unknown): boolean {
  if (value === undefined || value === false || value === 'false') return false
  if (value === true || value === 'true') return true
  throw new RangeError(`the context 'disposable' must be true or false, received ${JSON.stringify(value)}`)
}
