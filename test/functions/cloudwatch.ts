/** CloudWatch's side of the embedded metric format, written down from its specification, not from the code. */

interface Directive {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
}

/** `Holdfast AcquireQueued 1 Count api=…`, for each value that CloudWatch takes from a line of a log. */
export function taken(line: string): readonly string[] {
  const root = new Map<string, unknown>(Object.entries(JSON.parse(line)))
  const metadata = root.get('_aws') as
    | { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] }
    | undefined
  if (metadata === undefined) return []
  if (!Number.isSafeInteger(metadata.Timestamp)) throw new Error('Timestamp should be milliseconds')
  return metadata.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) => {
      const value = root.get(Name)
      if (typeof value !== 'number') throw new Error(`${Name} should be a number at the root`)
      return Dimensions.map((names) => `${Namespace} ${Name} ${value} ${Unit} ${names.map(dimension).join(' ')}`)
    }),
  )

  function dimension(name: string): string {
    const value = root.get(name)
    // A longer value, an empty one, or one that is no string loses the metric.
    if (typeof value !== 'string' || value === '' || value.length > 1024) throw new Error(`${name} is no dimension`)
    return `${name}=${value}`
  }
}
