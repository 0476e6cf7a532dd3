import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Measured, PartRun, Results } from '../../bench/frame/results.js'
import { packageRoot } from '../../local/package-root.cjs'

const around = (median: number) => ({ q1: median * 0.9, median, q3: median * 1.2 })
const measured = (side: string, sessions: number, rate: number, p99Ms?: number): Measured => ({
  side,
  setting: { sessions },
  rounds: 5,
  operationsPerSecond: around(rate),
  p50Ms: 0.5,
  p99Ms,
  worstMs: 2,
  cpuMsPerOperation: 0.25,
  requestsPerOperation: 1,
  writeUnitsPerOperation: undefined,
  counts: { lostUpdates: 3 },
})
const LINES = [1, 10, 100].flatMap((sessions) => [measured('ours', sessions, 5_000), measured('theirs', sessions, 50)])
const RUN: PartRun = {
  part: 'sample',
  node: '24.1.2',
  isModelled: true,
  command: 'npm run bench -- sample --publish',
  machine: { processor: 'a processor', cores: 2, memoryGiB: 4, date: '2026-01-31', loadBefore: 0.25 },
  series: [
    {
      title: 'Over sessions',
      measured: LINES,
      compared: [
        { side: 'ours', against: 'theirs', setting: { sessions: 1 }, ratio: around(100), isNoDifference: false },
        { side: 'ours', against: 'a third', setting: { sessions: 1 }, ratio: around(1), isNoDifference: true },
      ],
    },
    { title: 'One setting', measured: [measured('ours', 1, 12_345, 1.5), measured('theirs', 1, 20)], compared: [] },
  ],
  figures: [{ title: 'Others', columns: ['what', 'count'], rows: [['messages', 1_234_567]] }],
  goals: [
    { goal: 'fast', figure: '1', isMet: true },
    { goal: 'faster', figure: '0.5', isMet: false },
  ],
  cautions: [{ when: 'Hot counters.', figure: '5 against 10' }],
}

describe('the page of the results', () => {
  let made: { readonly page: string; readonly plots: readonly [lines: string, bars: string] }
  beforeAll(() => {
    const results: Results = { runs: [RUN] }
    const parts = [{ name: 'sample', title: 'A sample', explanation: 'What runs.' }]
    const input = JSON.stringify({ results, parts })
    const output = execFileSync(process.execPath, [join(packageRoot, 'test/bench/page.mjs')], { input })
    made = JSON.parse(output.toString()) as typeof made
  })

  test('says of each run how, where and when it was made, and that it is modelled', () => {
    expect(made.page).toContain('### sample, Node.js 24.1.2, modelled')
    expect(made.page).toContain('`npm run bench -- sample --publish` · 2026-01-31 · a processor, 2 cores, 4 GiB')
  })

  test('shows each goal beside its figure, met or not, and where Holdfast is the wrong choice', () => {
    expect(made.page).toContain('| fast | 1 | met |')
    expect(made.page).toContain('| faster | 0.5 | **not met** |')
    expect(made.page).toContain('- **Hot counters.** 5 against 10 (sample, Node.js 24.1.2, modelled)')
  })

  test('has a row for each side, without the columns that say nothing', () => {
    expect(made.page).toContain('| 10 | ours | 5 000 (4 500 to 6 000) | 0.5 | 0.25 | 1 | 3 |')
    expect(made.page).toContain('| ours | 12 345 (11 111 to 14 814) | 0.5 | 1.5 | 0.25 | 1 | 3 |')
    expect(made.page).not.toContain('write units each')
    expect(made.page).toContain('| messages | 1 234 567 |')
  })

  test('calls it no difference where the quartiles of two sides overlap', () => {
    expect(made.page).toContain('| ours | theirs | 100 (90 to 120) |')
    expect(made.page).toContain('| ours | a third | no difference: 1 (0.9 to 1.2) |')
  })

  test('has a plot for each series: lines over a number that varies, and bars', () => {
    const [lines, bars] = made.plots
    expect(made.page).toContain('![Over sessions](performance/sample-node24-modelled-1.svg)')
    for (const plot of made.plots) expect(plot).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(lines.match(/<circle/g)).toHaveLength(LINES.length)
    expect(bars.match(/<rect/g)).toHaveLength(2)
    expect(bars).toContain('12 345')
  })
})
