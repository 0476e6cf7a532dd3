import { AWS_LATENCY } from './aws-latency.js'
import { FUNCTION_GB, PRICES, type Prices } from './prices.js'

/** What something takes of AWS. */
export interface Consumption {
  readonly writeUnits: number
  readonly readUnits: number
  /** Of these, the requests of functions: they wait for each. */
  readonly functionWrites: number
  readonly functionReads: number
  /** From clients. Each calls a function, and is answered. */
  readonly messages: number
  readonly pushes: number
}

/** The same where messages come over HTTPS, too. */
export interface MixedConsumption extends Consumption {
  /** Each calls a function, and API Gateway has no part in it. */
  readonly httpsMessages?: number
}

export const NOTHING: Consumption = {
  writeUnits: 0,
  readUnits: 0,
  functionWrites: 0,
  functionReads: 0,
  messages: 0,
  pushes: 0,
}

/** The code of a function between its requests, warm, in milliseconds: assumed. */
const FUNCTION_CODE_MS = 2
const MINUTES_PER_HOUR = 60

export function dollarsOf(consumed: MixedConsumption, prices: Prices = PRICES): number {
  const { dynamoDb, apiGateway, lambda } = dollarsByService(consumed, prices)
  return dynamoDb + apiGateway + lambda
}

/** Dollars by the service of AWS that bills them. */
export interface ServiceDollars {
  readonly dynamoDb: number
  readonly apiGateway: number
  readonly lambda: number
}

export function dollarsByService(consumed: MixedConsumption, prices: Prices): ServiceDollars {
  const { writeUnits, readUnits, messages, httpsMessages = 0, pushes } = consumed
  return {
    dynamoDb: writeUnits * prices.writeUnit.dollars + readUnits * prices.readUnit.dollars,
    apiGateway: (2 * messages + pushes) * prices.webSocketMessage.dollars,
    lambda:
      (messages + httpsMessages) * prices.functionCall.dollars +
      (functionMsOf(consumed) / 1_000) * FUNCTION_GB * prices.gigabyteSecond.dollars,
  }
}

/** How long functions run for it: they wait for each request. */
export const functionMsOf = ({
  functionWrites,
  functionReads,
  messages,
  httpsMessages = 0,
  pushes,
}: MixedConsumption): number =>
  functionWrites * AWS_LATENCY.dynamoDbWrite.p50Ms +
  functionReads * AWS_LATENCY.dynamoDbRead.p50Ms +
  pushes * AWS_LATENCY.push.p50Ms +
  (messages + httpsMessages) * FUNCTION_CODE_MS

/** One process for an hour that uses no session: its renewals, and its connection. */
export const dollarsOfIdleHour = (renewals: Consumption): number =>
  dollarsOf(renewals) + MINUTES_PER_HOUR * PRICES.connectionMinute.dollars

/** The same for a process that sleeps: it sends nothing, and opens connections. */
export interface SleepingHour extends Consumption {
  readonly connections: number
}

/** Each connection that is opened closes another one: two calls of functions. */
export const dollarsOfSleepingHour = (hour: SleepingHour): number =>
  dollarsOfIdleHour(hour) +
  2 *
    hour.connections *
    (PRICES.functionCall.dollars + (FUNCTION_CODE_MS / 1_000) * FUNCTION_GB * PRICES.gigabyteSecond.dollars)
