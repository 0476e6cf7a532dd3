/** How long one part of AWS takes to answer, seen from inside its region. */
export interface Latency {
  readonly p50Ms: number
  /** The jitter: delays are drawn from a logarithmic normal distribution with this 99th percentile. */
  readonly p99Ms: number
  readonly source: string
  /** When the source was looked at. */
  readonly date: string
}

/**
 * The delays of `--latency aws`, all of them. AWS promises none, so each is an assumption: whoever has figures of an
 * account of their own replaces these.
 */
export const AWS_LATENCY = {
  dynamoDbWrite: {
    p50Ms: 5,
    p99Ms: 12,
    source:
      'Assumed. AWS says single-digit milliseconds on average: https://repost.aws/knowledge-center/dynamodb-high-latency',
    date: '2026-11-28',
  },
  dynamoDbRead: {
    p50Ms: 4,
    p99Ms: 10,
    source:
      'Assumed. AWS says single-digit milliseconds on average: https://repost.aws/knowledge-center/dynamodb-high-latency',
    date: '2026-11-28',
  },
  /** From a message at the gateway to the first line of a warm function. */
  gatewayToFunction: { p50Ms: 12, p99Ms: 40, source: 'Assumed. AWS states no figure.', date: '2026-11-28' },
  /** From PostToConnection to the message at the client, and as long until it is answered. */
  push: { p50Ms: 10, p99Ms: 30, source: 'Assumed. AWS states no figure.', date: '2026-11-28' },
  /** One command on a node in the region, zones mixed. */
  redis: {
    p50Ms: 0.7,
    p99Ms: 2,
    source:
      'Assumed. Within one zone 0.42 ms, p99 1.29 ms, were measured with redis-benchmark: https://cachee.ai/blog/posts/2026-03-29-redis-elasticache-is-slow-16us-cache-reads-vs-339us-benchmark-results',
    date: '2026-11-28',
  },
} as const satisfies Readonly<Record<string, Latency>>

/** The distribution as text, for the explanations of tables. */
export const AWS_LATENCY_TEXT = `Modelled delays (p50, p99 in ms): ${Object.entries(AWS_LATENCY)
  .map(([name, { p50Ms, p99Ms }]) => `${name} ${p50Ms}, ${p99Ms}`)
  .join('; ')}.`
