import type { Agent } from 'node:http'
import { InvalidArgumentError } from '../errors/index.js'
import { invalid, shown } from './check.js'
import type { HoldfastConfig } from './store-config.js'

/** Refuses values that are no agent of `node:http`, and an agent for another protocol than that of all connections. */
export function compileAgent(agent: Agent | undefined, config: HoldfastConfig): Agent | undefined {
  if (agent === undefined) return undefined
  const { addRequest, destroy } = (agent ?? {}) as { readonly addRequest?: unknown; readonly destroy?: unknown }
  if (typeof agent !== 'object' || typeof addRequest !== 'function' || typeof destroy !== 'function') {
    throw invalid('agent', 'an Agent of node:http or node:https, or of a class that extends one', agent)
  }
  // Node.js's own agents serve one protocol. An agent for proxies finds out which one a request is of.
  if (!Object.hasOwn(agent, 'protocol')) return agent
  const { protocol } = agent as { readonly protocol?: unknown }
  for (const url of [config.url, config.httpsUrl ?? config.url, config.dynamoDbEndpoint ?? 'https://']) {
    const needed = /^(wss|https):/.test(url) ? 'https:' : 'http:'
    if (url.startsWith('memory:') || protocol === needed) continue
    const address = url === config.url ? 'config.url' : url === config.httpsUrl ? 'config.httpsUrl' : 'DynamoDB'
    throw new InvalidArgumentError(`'agent' serves ${shown(protocol)}, and ${address} needs '${needed}'`)
  }
  return agent
}
