/**
 * The metrics of the functions. CloudWatch takes them from their log, in its embedded metric format. Each has the dimension
 * `api`, the API's id and stage; docs/OPERATIONS.md explains them.
 */
export const METRICS_NAMESPACE = 'Holdfast'

/** Their units, as CloudWatch names them. */
export const METRICS = {
  AcquireImmediate: 'Count',
  AcquireQueued: 'Count',
  HandoffMs: 'Milliseconds',
  WaitMs: 'Milliseconds',
  QueueDepthMax: 'Count',
  RevokesSent: 'Count',
  RevokesRepeated: 'Count',
  PushGone: 'Count',
  Reclaims: 'Count',
  Evictions: 'Count',
  QueueFull: 'Count',
  StaleMessages: 'Count',
  GrantsUnwanted: 'Count',
  RefusedByCode: 'Count',
} as const
export type MetricName = keyof typeof METRICS

/** What one event adds to the metrics. */
export type Measured = { readonly [N in MetricName]?: number }

/** Why a lock was taken from a process: the values of the dimension `cause`. */
export const RECLAIM_CAUSES = ['leaseOver', 'ended', 'unknown', 'busyOver', 'nextHolderGone'] as const
export type ReclaimCause = (typeof RECLAIM_CAUSES)[number]

/** Metrics that are also counted apart by a detail of the event, which has few values. */
export const SPLIT_BY: { readonly [N in MetricName]?: string } = { Reclaims: 'cause', RefusedByCode: 'code' }
