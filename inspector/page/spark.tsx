import type { JSX } from 'preact'

const WIDTH = 120
const HEIGHT = 32

/** A small chart of one value over time. Its figure stands beside it, in words. */
export function Spark({ values }: { readonly values: readonly (number | undefined)[] }): JSX.Element {
  const max = Math.max(1e-9, ...values.map((value) => value ?? 0))
  const step = WIDTH / Math.max(1, values.length - 1)
  const points = values.flatMap((value, index) =>
    value === undefined ? [] : [[index * step, HEIGHT - 2 - (value / max) * (HEIGHT - 6)] as const],
  )
  const [start] = points
  const line = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')
  if (start === undefined) return <svg class="spark" aria-hidden="true" focusable="false" />
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path class="spark-area" d={`${line}L${points.at(-1)?.[0]} ${HEIGHT}L${start[0]} ${HEIGHT}Z`} />
      <path class="spark-line" d={line} />
    </svg>
  )
}
