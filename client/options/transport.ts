import { InvalidArgumentError } from '../errors/index.js'
import { invalid } from './check.js'
import type { HoldfastConfig } from './store-config.js'

/** How a client reaches the functions. @see {@link HoldfastOptions.transport} */
export type TransportOption = 'auto' | 'socket' | 'https'

/** With `socketAndHttps`, HTTPS serves while the socket is down. */
export type CompiledTransport = 'socket' | 'https' | 'socketAndHttps'

/** A frozen process can keep no socket: inside Lambda, HTTPS is used alone. */
export function compileTransport(
  option: TransportOption | undefined,
  { url, httpsUrl }: HoldfastConfig,
  environment: NodeJS.ProcessEnv,
): CompiledTransport {
  if (option !== undefined && option !== 'auto' && option !== 'socket' && option !== 'https') {
    throw invalid('transport', "'auto', 'socket' or 'https'", option)
  }
  // A memory stack has no network: each way is the same there.
  if (url.startsWith('memory:')) return 'socket'
  if (option === 'https' && httpsUrl === undefined) {
    throw new InvalidArgumentError(
      "'transport' is 'https', and the configuration has no 'httpsUrl': deploy the stack with 'https: true' in a region with function URLs, or use 'auto'",
    )
  }
  if (option === 'socket' || httpsUrl === undefined) return 'socket'
  return option === 'https' || environment.AWS_LAMBDA_FUNCTION_NAME !== undefined ? 'https' : 'socketAndHttps'
}
