import { AWS_LATENCY } from '../latency/aws-latency.js'
import { FUNCTION_GB, PRICES } from './prices.js'

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

/** The code of a function between its requests, warm, in milliseconds: assumed. */
const FUNCTION_CODE_MS = 2
const MINUTES_PER_HOUR = 60

export function dollarsOf(consumed: Consumption): number {
  const { writeUnits, readUnits, functionWrites, functionReads, messages, pushes } = consumed
  const functionMs =
    functionWrites * AWS_LATENCY.dynamoDbWrite.p50Ms +
    functionReads * AWS_LATENCY.dynamoDbRead.p50Ms +
    pushes * AWS_LATENCY.push.p50Ms +
    messages * FUNCTION_CODE_MS
  return (
    writeUnits * PRICES.writeUnit.dollars +
    readUnits * PRICES.readUnit.dollars +
    (2 * messages + pushes) * PRICES.webSocketMessage.dollars +
    messages * PRICES.functionCall.dollars +
    (functionMs / 1_000) * FUNCTION_GB * PRICES.gigabyteSecond.dollars
  )
}

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
