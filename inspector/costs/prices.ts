/** A price in dollars. */
interface Price {
  readonly dollars: number
  readonly per: string
  readonly source: string
  /** Whether somebody compared it with the page of AWS itself since it was written down. */
  readonly isChecked: boolean
}

/** The region and the day of all prices. To count with others, replace them here: nothing else names a price. */
export const PRICES_REGION = 'us-east-1'
export const PRICES_DATE = '2026-11-28'

/** Without free tiers, discounts for large volumes, storage, backups, logs and traffic out of the region. */
export const PRICES = {
  writeUnit: {
    dollars: 0.625e-6,
    per: 'write request unit, on demand',
    source: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07-21); AWS: /dynamodb/pricing/',
    isChecked: false,
  },
  readUnit: {
    dollars: 0.125e-6,
    per: 'read request unit, on demand',
    source: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing (2025-07-21); AWS: /dynamodb/pricing/',
    isChecked: false,
  },
  webSocketMessage: {
    dollars: 1e-6,
    per: 'message of up to 32 KB, in either direction',
    source:
      'https://awsforengineers.com/blog/aws-api-gateway-pricing-explained (2025-05-19); AWS: /api-gateway/pricing/',
    isChecked: false,
  },
  connectionMinute: {
    dollars: 0.25e-6,
    per: 'minute of a WebSocket connection',
    source: 'From memory; AWS: /api-gateway/pricing/',
    isChecked: false,
  },
  functionCall: {
    dollars: 0.2e-6,
    per: 'invocation',
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing (2024); AWS: /lambda/pricing/',
    isChecked: false,
  },
  gigabyteSecond: {
    dollars: 0.0000133334,
    per: 'GB-second on arm64',
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing (2024); AWS: /lambda/pricing/',
    isChecked: false,
  },
  redisNodeHour: {
    dollars: 0.016,
    per: 'hour of a cache.t4g.micro with Redis OSS, one node without a replica',
    source: 'From memory; AWS: /elasticache/pricing/',
    isChecked: false,
  },
} as const satisfies Readonly<Record<string, Price>>

/** The same names with other prices, such as those of another region. */
export type Prices = { readonly [N in keyof typeof PRICES]: Pick<Price, 'dollars'> }

/** The memory that a deployed function has, in GB. */
export const FUNCTION_GB = 0.5
