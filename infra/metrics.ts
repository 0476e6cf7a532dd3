import { Metric, type MetricOptions, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { RefusalCode } from '../protocol/messages.js'
import { METRICS, METRICS_NAMESPACE, type MetricName, type ReclaimCause } from '../protocol/metrics.js'

/** Props about what a store tells of itself. */
export interface MonitoringProps {
  /**
   * Whether CloudWatch takes metrics from the functions' logs. They cost about $0.30 a month each, up to some 30, and
   * without them most alarms and graphs have nothing to show.
   *
   * @default true
   */
  readonly metrics?: boolean
  /**
   * Whether there are alarms, each for one entry of the runbook in docs/OPERATIONS.md. They notify nobody yet: give each
   * of {@link Holdfast.alarms} an action. AWS Control Tower may refuse alarms without one.
   *
   * @default false
   */
  readonly alarms?: boolean
  /**
   * Whether there is a dashboard.
   *
   * @default false
   */
  readonly dashboard?: boolean
}

/**
 * The metrics of a store, for alarms and graphs of your own. Each covers 5 minutes, and is a sum, or for times the 99th
 * percentile, unless `options` say otherwise. docs/OPERATIONS.md explains them.
 */
export abstract class StoreMetrics extends Construct {
  /** The value of the metrics' dimension `api`. */
  protected abstract readonly metricsApi: string

  /** Acquires of a free session, or of one whose holder had died. */
  metricAcquireImmediate(options?: MetricOptions): Metric {
    return this.storeMetric('AcquireImmediate', options)
  }

  /** Acquires that had to wait for another process. */
  metricAcquireQueued(options?: MetricOptions): Metric {
    return this.storeMetric('AcquireQueued', options)
  }

  /** From when a release, or another message that frees the session, came until the next process was told. */
  metricHandoffMs(options?: MetricOptions): Metric {
    return this.storeMetric('HandoffMs', options)
  }

  /** From when a holder was asked first until another process had the session. */
  metricWaitMs(options?: MetricOptions): Metric {
    return this.storeMetric('WaitMs', options)
  }

  /** The longest queue, by its maximum. */
  metricQueueDepthMax(options?: MetricOptions): Metric {
    return this.storeMetric('QueueDepthMax', options)
  }

  /** Holders that were asked to give a session back. */
  metricRevokesSent(options?: MetricOptions): Metric {
    return this.storeMetric('RevokesSent', options)
  }

  /** Holders that had to be asked again. */
  metricRevokesRepeated(options?: MetricOptions): Metric {
    return this.storeMetric('RevokesRepeated', options)
  }

  /** Messages to connections that were gone. */
  metricPushGone(options?: MetricOptions): Metric {
    return this.storeMetric('PushGone', options)
  }

  /** Sessions taken from processes: all, or those of one cause. */
  metricReclaims(cause?: ReclaimCause, options?: MetricOptions): Metric {
    return this.storeMetric('Reclaims', options, cause === undefined ? {} : { cause })
  }

  /** Processes that kept sessions in spite of being asked, and were ended. */
  metricEvictions(options?: MetricOptions): Metric {
    return this.storeMetric('Evictions', options)
  }

  /** Acquires that found no place in the queue. */
  metricQueueFull(options?: MetricOptions): Metric {
    return this.storeMetric('QueueFull', options)
  }

  /** Messages about a grant or a request that was over. */
  metricStaleMessages(options?: MetricOptions): Metric {
    return this.storeMetric('StaleMessages', options)
  }

  /** Grants that nobody waited for any more. */
  metricGrantsUnwanted(options?: MetricOptions): Metric {
    return this.storeMetric('GrantsUnwanted', options)
  }

  /** Messages that were refused: all, or those with one code. */
  metricRefusedByCode(code?: RefusalCode, options?: MetricOptions): Metric {
    return this.storeMetric('RefusedByCode', options, code === undefined ? {} : { code })
  }

  private storeMetric(metricName: MetricName, options?: MetricOptions, split: Record<string, string> = {}): Metric {
    const isTime = METRICS[metricName] === 'Milliseconds'
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: { api: this.metricsApi, ...split },
      statistic: isTime ? Stats.p(99) : metricName === 'QueueDepthMax' ? Stats.MAXIMUM : Stats.SUM,
      unit: isTime ? Unit.MILLISECONDS : Unit.COUNT,
      ...options,
    })
  }
}
