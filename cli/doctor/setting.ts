import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { HoldfastConfig } from '../../client/options/store-config.js'
import { CLOCK_OFF_FAULT_MS, CLOCK_OFF_WARN_MS, REQUEST_TIMEOUT_MS } from '../limits.js'
import { CURES } from '../stack/problems.js'
import type { Target } from '../stack/target.js'
import { type Finding, finding, findingOf } from './findings.js'
import type { Said } from './report.js'

const NODE_NEEDED = [20, 16] as const
/** An HTTP date has no smaller unit. */
const DATE_UNIT_MS = 1_000

/** What can be known of the configuration without asking anybody. */
export function checkConfig(config: HoldfastConfig, nodeVersion = process.versions.node): Said {
  const findings: Finding[] = []
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  if (major < NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor < NODE_NEEDED[1])) {
    findings.push(finding('NODE_OLD', `this is Node.js ${nodeVersion}`))
  }
  const region = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(config.url)?.[1]
  if (region !== undefined && region !== config.region) {
    const what = `the URL is of ${region}, and the region is ${config.region}`
    findings.push({ code: 'REGION_WRONG', what, cure: CURES.REGION_WRONG, severity: 'fault' })
  }
  return { detail: `${config.url}, ${config.region}, ${config.sessionsTable}`, findings }
}

export async function checkCredentials({ config, dynamo, clientCredentials }: Target): Promise<Said> {
  try {
    const { accessKeyId, expiration } = await dynamo.config.credentials()
    const until = expiration === undefined ? '' : `, until ${expiration.toISOString()}`
    if (expiration !== undefined && expiration.getTime() <= Date.now()) {
      const what = `the credentials of ${accessKeyId} ended${until.replace('until', 'at')}`
      return { findings: [{ code: 'CREDENTIALS_EXPIRED', what, cure: CURES.CREDENTIALS_EXPIRED, severity: 'fault' }] }
    }
    const key = `access key ${accessKeyId}${until}`
    const own = clientCredentials === undefined ? config.credentials?.accessKeyId : undefined
    return {
      detail:
        own === undefined
          ? key
          : `${key}, of the operator of 'holdfast dev'; the round trip has the application's ${own}`,
    }
  } catch (error) {
    return { findings: [findingOf(error)] }
  }
}

/** Compares the clock with the date of an answer of DynamoDB, which is exact to a second. */
export async function checkClock({ config }: Target): Promise<Said> {
  const address = config.dynamoDbEndpoint ?? `https://dynamodb.${config.region}.amazonaws.com`
  try {
    const sentMs = Date.now()
    const startMs = performance.now()
    const date = Date.parse(await dateOf(new URL(address)))
    const wayMs = (performance.now() - startMs) / 2
    if (Number.isNaN(date)) return { detail: 'the answer names no time' }
    const offMs = Math.round(sentMs + wayMs - (date + 500))
    if (Math.abs(offMs) < DATE_UNIT_MS) return { detail: 'right, within a second' }
    const detail = `${offMs < 0 ? 'behind' : 'ahead'} by ${Math.abs(offMs)} ms, exact to a second`
    if (Math.abs(offMs) < CLOCK_OFF_WARN_MS) return { detail }
    const severity = Math.abs(offMs) < CLOCK_OFF_FAULT_MS ? 'warning' : 'fault'
    return {
      findings: [
        { code: 'CLOCK_OFF', what: `the clock of this machine is ${detail}`, cure: CURES.CLOCK_OFF, severity },
      ],
    }
  } catch (error) {
    return { findings: [findingOf(error)] }
  }
}

function dateOf(address: URL): Promise<string> {
  const send = address.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = send(address, { method: 'GET', timeout: REQUEST_TIMEOUT_MS, agent: false }, (response) => {
      response.resume()
      resolve(response.headers.date ?? '')
    })
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    request.on('error', reject)
    request.end()
  })
}
