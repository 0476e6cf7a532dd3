import type { Figures } from '../frame/results.js'

/** The medians of a handoff and of its parts, each measured by itself, in milliseconds. */
export interface PartTimes {
  readonly handoffMs: number
  readonly floorMs: number
  /** From a message at the gateway to the first line of a function. */
  readonly message: number
  /** From a function to a client. */
  readonly push: number
  /** One request of a function, from its call to its answer. */
  readonly write: number
  /** The part of DynamoDB alone. */
  readonly dynamoDbWrite: number
  /** The code of functions and client, in memory. */
  readonly functions: number
  readonly client: number
}

/** A handoff waits for these one after the other. */
const WRITES = 3
const MESSAGES = 2
const PUSHES = 2

/** Where the time of one handoff goes. */
export function partsTable(times: PartTimes): Figures {
  const requests = WRITES * times.write
  const inDynamoDb = WRITES * times.dynamoDbWrite
  const parts: readonly (readonly [name: string, ms: number])[] = [
    [`gateway: ${MESSAGES} messages to functions, with their invocation`, MESSAGES * times.message],
    [`gateway: ${PUSHES} pushes, with the SDK that sends them`, PUSHES * times.push],
    [`DynamoDB: ${WRITES} writes`, inDynamoDb],
    ['SDK, HTTP and the proxy of the same requests', requests - inDynamoDb],
    ["functions' own code, in memory", times.functions],
    ["client's own code, in memory", times.client],
  ]
  const sum = parts.reduce((total, [, ms]) => total + ms, 0)
  return {
    title: 'Where the time of one handoff goes: medians, each part measured by itself',
    columns: ['part', 'ms', '% of the handoff'],
    rows: [
      ...parts.map(([name, ms]) => [name, ms, shareOf(ms, times.handoffMs)]),
      ['sum of the parts', sum, shareOf(sum, times.handoffMs)],
      ['the floor, as a whole', times.floorMs, shareOf(times.floorMs, times.handoffMs)],
      ['the handoff', times.handoffMs, '100'],
    ],
  }
}

const shareOf = (ms: number, of: number): string => ((100 * ms) / of).toFixed(0)
