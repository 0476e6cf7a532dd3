import type { PartContext } from '../frame/part.js'
import type { Figures } from '../frame/results.js'
import { type SideSpec, Team } from '../frame/side-process.js'

const SIDES: readonly (readonly [label: string, setting: SideSpec['setting']])[] = [
  ['Holdfast, read', { way: 'holdfast', access: 'read' }],
  ['Holdfast, write', { way: 'holdfast', access: 'write' }],
  ['async-mutex', { way: 'mutex' }],
]

/** What one operation costs, whatever the machine. */
export async function costs({ node }: PartContext): Promise<Figures> {
  const rows: (string | number)[][] = []
  for (const [label, setting] of SIDES) {
    const team = await Team.start(node, { label, module: new URL('costs-side.js', import.meta.url), setting })
    try {
      const [work] = await team.round({ operations: 1 })
      rows.push([label, work?.counts.microtasks ?? Number.NaN, Math.round(work?.counts.bytes ?? Number.NaN)])
    } finally {
      await team.stop()
    }
  }
  return {
    title: 'Of one operation, on every machine',
    columns: ['side', 'microtask turns until it is resolved', 'bytes of heap taken, garbage included'],
    rows,
  }
}
