import { grouped, median } from '../../bench/figures.js'
import type { Memory } from './messages.js'

/** Flat: the last third's median is at most this much above the first's. */
const GROWTH_MAX = 0.2
const GROWTH_MAX_BYTES = 10 * 1024 * 1024
/** A shorter run is still warming up. */
export const JUDGED_FROM_MS = 10 * 60_000

/** The memory of the processes that live through the run, from time to time. */
export class MemoryLog {
  private readonly samples = new Map<string, Memory[]>()

  add(name: string, memory: Memory): void {
    this.samples.set(name, [...(this.samples.get(name) ?? []), memory])
  }

  /** The processes whose memory is not flat. */
  growing(): string[] {
    return [...this.samples].flatMap(([name, samples]) => {
      const [first, last] = thirds(samples.map(({ heapBytes }) => heapBytes))
      const limit = first * (1 + GROWTH_MAX) + GROWTH_MAX_BYTES
      return last > limit ? [`the heap of ${name} grew from ${mib(first)} to ${mib(last)}`] : []
    })
  }

  lines(): string[][] {
    const head = ['memory, medians of a third', 'samples', 'heap, first', 'heap, last', 'RSS, first', 'RSS, last']
    const rows = [...this.samples].map(([name, samples]) => [
      name,
      grouped(samples.length),
      ...thirds(samples.map(({ heapBytes }) => heapBytes)).map(mib),
      ...thirds(samples.map(({ rssBytes }) => rssBytes)).map(mib),
    ])
    return [head, ...rows]
  }
}

/** The medians of the first third and of the last. */
function thirds(values: readonly number[]): [number, number] {
  const length = Math.ceil(values.length / 3)
  return [median(values.slice(0, length)), median(values.slice(-length))]
}

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
