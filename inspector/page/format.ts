const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** As in `31 ms`, `1.2 s`, `3 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${Math.max(0, ms).toFixed(1)} ms`
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`
  if (ms < HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`
  return ms < DAY_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.round(ms / DAY_MS)} d`
}

/** As in `14:03:22`. */
export const timeOfDay = (ms: number): string => new Date(ms).toTimeString().slice(0, 8)

export const grouped = (value: number): string => value.toLocaleString('en-US')

/** As in `96 %`. */
export const percent = (share: number | undefined): string =>
  share === undefined ? '–' : `${share > 0.99 && share < 1 ? '> 99' : Math.round(100 * share)} %`

export const dollars = (value: number | undefined): string => (value === undefined ? '–' : `$${value.toFixed(2)}`)
