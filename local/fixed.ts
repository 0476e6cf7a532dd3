import type { Credentials } from './iam/principals.js'

/** What stays the same from one start of a local stack to the next. */
export interface Fixed {
  /** Where applications find DynamoDB. 0 stands for a free port. */
  readonly dynamoDbPort: number
  /** Where the function takes messages over HTTPS. 0 stands for a free port. */
  readonly httpsPort: number
  readonly application: Credentials
  readonly operator: Credentials
}

/**
 * The keys of `holdfast dev`. They are no secrets: a stack listens on this machine alone and answers no web page, and an
 * application finds its own in HOLDFAST_CONFIG.
 */
export const LOCAL_APPLICATION: Credentials = {
  accessKeyId: 'LOCALAPPLICATION',
  secretAccessKey: 'of-the-local-stack-of-holdfast',
}
/** They allow everything: the command line takes them where HOLDFAST_CONFIG has the keys of the application. */
export const LOCAL_OPERATOR: Credentials = {
  accessKeyId: 'LOCALOPERATOR',
  secretAccessKey: 'of-the-operator-of-this-machine',
}
