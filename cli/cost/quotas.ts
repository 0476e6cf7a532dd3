/** A quota of an account of AWS in a region, as it is before somebody asks for more. */
interface Quota {
  readonly name: string
  readonly limit: number
  readonly where: string
}

/** As the services' pages of quotas had them on 2026-11-28; they differ in some regions, and in new accounts. */
export const QUOTAS = {
  messages: {
    name: 'messages to API Gateway a second',
    limit: 2_000,
    where: "the stack's own throttleRatePerSecond; the account has 10,000 a second for all its APIs",
  },
  connections: {
    name: 'new connections to API Gateway a second',
    limit: 500,
    where: 'API Gateway, for the account and region; counted for all processes that start within 10 s',
  },
  concurrency: {
    name: 'Lambda functions at once',
    limit: 1_000,
    where: 'Lambda, for the account and region; a new account may have 10',
  },
  writes: {
    name: 'DynamoDB write units a second, one table',
    limit: 40_000,
    where: 'DynamoDB on demand, for each table; a new table begins with 4,000',
  },
  hotSession: {
    name: 'write units a second, one session',
    limit: 1_000,
    where: 'a partition of DynamoDB; no quota can raise it',
  },
} as const satisfies Readonly<Record<string, Quota>>
