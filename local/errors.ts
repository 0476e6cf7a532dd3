import { nameType } from '../client/errors/brand.js'
import { HoldfastError } from '../client/errors/index.js'

/** `JAVA_MISSING`: DynamoDB Local needs Java 17 or later, and this machine has none. The message says how to get it. */
export class JavaMissingError extends HoldfastError {
  static {
    nameType(this, 'JavaMissingError')
  }

  declare readonly code: 'JAVA_MISSING'
  /** The newest version found, or undefined where there is no Java at all. */
  readonly foundVersion: number | undefined
  /** The command that installs Java on this machine. */
  readonly installCommand: string

  constructor(neededVersion: number, foundVersion: number | undefined, installCommand: string) {
    const found = foundVersion === undefined ? 'none was found' : `the newest found is ${foundVersion}`
    super('JAVA_MISSING', `DynamoDB Local needs Java ${neededVersion} or later, ${found}: run '${installCommand}'`)
    this.foundVersion = foundVersion
    this.installCommand = installCommand
  }
}

/**
 * `LOCAL_START`: a part of the local stack did not start. The message says what to do, `cause` is the error behind it.
 */
export class LocalStartError extends HoldfastError {
  static {
    nameType(this, 'LocalStartError')
  }

  declare readonly code: 'LOCAL_START'

  constructor(message: string, cause?: unknown) {
    super('LOCAL_START', message, { cause })
  }
}

/**
 * `UNSUPPORTED_TEMPLATE`: the template has a part that the local stack cannot run as AWS would. It does not start,
 * because it would run a different system than a deployment.
 */
export class TemplateError extends HoldfastError {
  static {
    nameType(this, 'TemplateError')
  }

  declare readonly code: 'UNSUPPORTED_TEMPLATE'

  constructor(message: string) {
    super('UNSUPPORTED_TEMPLATE', message)
  }
}
