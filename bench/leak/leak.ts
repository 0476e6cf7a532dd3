import type { Part, PartContext } from '../frame/part.js'
import type { Goal } from '../frame/results.js'
import type { Work } from '../frame/side.js'
import { Team } from '../frame/side-process.js'

const LOADS: readonly (readonly [load: string, name: string, operations: number])[] = [
  ['accesses', 'kept accesses', 1_000_000],
  ['handoffs', 'handoffs', 100_000],
  // The functions remember 10,000 connections, which the first quarter fills.
  ['reconnects', 'reconnects', 40_000],
]
const QUARTERS = 4
const QUICK_PART = 100
const GROWTH_MAX = 0.02
const MIB = 1024 * 1024

export const LEAK: Part = {
  name: 'leak',
  title: 'Heap over a long time',
  explanation:
    'The real client and the real handlers with network and store in memory, each load in a process of its own; the ' +
    'heap is weighed after a garbage collection, store included. Kept accesses: reads and writes of 1,000 held ' +
    'sessions. Handoffs: two clients take one session from each other. Reconnects: in virtual time, each connection ' +
    'serves one access and is cut. The growth is that from the second quarter to the last: the first warms up.',
  onOldestNode: false,
  canBeModelled: false,
  async run(context) {
    const rows: (string | number)[][] = []
    const goals: Goal[] = []
    for (const [load, name, operations] of LOADS) {
      context.say(name)
      const quarters = await run(context, load, context.isQuick ? operations / QUICK_PART : operations)
      const bytes = quarters.map(({ counts }) => counts.heapBytes ?? Number.NaN)
      const total = quarters.reduce((sum, work) => sum + work.operations, 0)
      context.expectCount(name, total, context.isQuick ? operations / QUICK_PART : operations)
      const [, second = Number.NaN, , last = Number.NaN] = bytes
      const growth = last / second - 1
      const wallMs = quarters.reduce((sum, work) => sum + work.wallMs, 0)
      const gcMs = quarters.reduce((sum, { counts }) => sum + (counts.gcMs ?? Number.NaN), 0)
      rows.push([name, total, ...bytes.map((heap) => (heap / MIB).toFixed(2)), percent(growth), percent(gcMs / wallMs)])
      goals.push({
        goal: `${name}: the heap grows by at most ${percent(GROWTH_MAX)} from the second quarter to the last`,
        figure: percent(growth),
        isMet: growth <= GROWTH_MAX,
      })
    }
    const figures = {
      title: 'Heap after each quarter, in MiB',
      columns: ['load', 'operations', 'first', 'second', 'third', 'last', 'growth', 'time in garbage collection'],
      rows,
    }
    // So few operations as a quick run has say nothing about growth.
    return { series: [], figures: [figures], goals: context.isQuick ? [] : goals, cautions: [] }
  },
}

async function run({ node }: PartContext, load: string, operations: number): Promise<readonly Work[]> {
  const module = new URL('leak-side.js', import.meta.url)
  const team = await Team.start(node, { label: load, module, setting: { load } })
  const quarters: Work[] = []
  try {
    for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
      quarters.push(...(await team.round({ operations: operations / QUARTERS })))
    }
  } finally {
    await team.stop()
  }
  return quarters
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
