import { barX, dot, line, type PlotOptions, plot, ruleX, text, tickX } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Measured, Series } from '../frame/results.js'
import { shown, varying } from '../frame/tables.js'

const WIDTH = 760
const BAR_HEIGHT = 24
/** A line needs so many points to say more than bars. */
const POINTS_MIN = 3
const LEGEND_LINE = 16
const LEGEND = { text: 'side', fill: 'side', frameAnchor: 'top-right', textAnchor: 'start', dx: 12 } as const
const RATE = 'operations/s'

/** A series as an SVG file that needs nothing else: a line for each side over the setting that varies, or bars. */
export function plotOf(series: Series): string {
  const { document } = parseHTML('<html><body></body></html>')
  const over = numericSetting(series.measured)
  const common = { document, width: WIDTH, ariaLabel: series.title, style: { background: 'white', color: 'black' } }
  const element =
    over === undefined ? plot({ ...common, ...bars(series) }) : plot({ ...common, ...lines(series, over) })
  element.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${element.outerHTML}\n`
}

/** The one setting that varies, where it is a number and has points enough. */
function numericSetting(measured: readonly Measured[]): string | undefined {
  const names = varying(measured.map(({ setting }) => setting))
  const [name] = names
  if (name === undefined || names.length > 1) return undefined
  const values = measured.map(({ setting }) => setting[name])
  return values.every((value) => typeof value === 'number') && new Set(values).size >= POINTS_MIN ? name : undefined
}

function lines({ measured }: Series, over: string): PlotOptions {
  const points = measured.map((row) => ({ side: row.side, at: Number(row.setting[over]), ...row.operationsPerSecond }))
  const last = [...new Map(points.toSorted((a, b) => a.at - b.at).map((point) => [point.side, point])).values()]
  // Names beside the points would cover each other.
  const legend = last
    .toSorted((a, b) => b.median - a.median)
    .map((point, index) => text([point], { ...LEGEND, dy: index * LEGEND_LINE }))
  return {
    height: 360,
    marginLeft: 70,
    marginRight: 210,
    x: { type: 'log', label: over, ticks: [...new Set(points.map(({ at }) => at))], tickFormat: shown },
    y: { type: 'log', label: RATE, grid: true, tickFormat: shown },
    marks: [
      line(points, { x: 'at', y: 'median', stroke: 'side' }),
      dot(points, { x: 'at', y: 'median', fill: 'side' }),
      ruleX(points, { x: 'at', y1: 'q1', y2: 'q3', stroke: 'side', strokeWidth: 2 }),
      ...legend,
    ],
  }
}

function bars({ measured }: Series): PlotOptions {
  const names = varying(measured.map(({ setting }) => setting))
  const rows = measured.map((row) => ({
    name: [row.side, ...names.map((name) => `${name} ${shownSetting(row.setting[name])}`)].join(', '),
    ...row.operationsPerSecond,
  }))
  const least = Math.min(...rows.map(({ q1 }) => q1))
  return {
    height: 60 + rows.length * BAR_HEIGHT,
    marginLeft: 300,
    marginRight: 70,
    // A bar of a logarithmic axis begins at a power of ten below the least.
    x: {
      type: 'log',
      label: RATE,
      grid: true,
      domain: [10 ** Math.floor(Math.log10(least) - 0.1), most(rows)],
      tickFormat: shown,
    },
    y: { label: null, domain: rows.map(({ name }) => name) },
    marks: [
      barX(rows, { x1: 10 ** Math.floor(Math.log10(least) - 0.1), x2: 'median', y: 'name', fill: '#9ecae1' }),
      tickX(rows, { x: 'q1', y: 'name' }),
      tickX(rows, { x: 'q3', y: 'name' }),
      text(rows, {
        x: 'q3',
        y: 'name',
        text: ({ median }: { median: number }) => shown(median),
        textAnchor: 'start',
        dx: 6,
      }),
    ],
  }
}

const most = (rows: readonly { readonly q3: number }[]): number => Math.max(...rows.map(({ q3 }) => q3))

const shownSetting = (value: string | number | boolean | undefined): string =>
  typeof value === 'number' ? shown(value) : String(value)
