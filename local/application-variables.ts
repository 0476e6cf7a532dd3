import type { Credentials } from './iam/principals.js'
import type { LocalConfig, LocalInspector } from './local-stack.js'

/** Empty values replace variables of the surrounding shell that would take precedence over these credentials. */
export const applicationVariables = (
  config: LocalConfig,
  credentials: Credentials,
  inspector?: LocalInspector,
): Record<string, string> => ({
  HOLDFAST_CONFIG: JSON.stringify(config),
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_REGION: config.region,
  ...inspectorVariable(inspector),
})

/** Where applications tell their attribute locks. */
export const inspectorVariable = (inspector: LocalInspector | undefined): Record<string, string> =>
  inspector === undefined ? {} : { HOLDFAST_INSPECTOR: inspector.locksAddress }
