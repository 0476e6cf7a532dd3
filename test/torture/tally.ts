import { isExpected } from './codes.js'
import { ACCESS_KINDS, type AccessKind, type Report } from './messages.js'

/** Beyond these, more are only counted. */
const SHOWN_MAX = 50

/** Counts the outcomes of accesses, and the violations. */
export class Tally {
  violations = 0
  accesses = 0
  private untoldAppends = 0
  private readonly outcomes = new Map<string, Map<AccessKind, number>>()

  constructor(private readonly onProgress: (line: string) => void) {}

  violate(problem: string): void {
    this.violations += 1
    if (this.violations <= SHOWN_MAX) this.onProgress(`VIOLATION: ${problem}`)
  }

  note(report: Report): void {
    if (report.type === 'violation') this.violate(report.problem)
    if (report.type !== 'access') return
    this.accesses += 1
    const { kind, outcome, error } = report
    if (error !== undefined && !isExpected(error)) this.violate(`an access failed with ${error.code}: ${error.message}`)
    const why = error === undefined ? '' : `: ${error.code}${error.reason === undefined ? '' : ` (${error.reason})`}`
    const name = `${outcome}${why}`
    const kinds = this.outcomes.get(name) ?? new Map()
    this.outcomes.set(name, kinds.set(kind, (kinds.get(kind) ?? 0) + 1))
  }

  /** Appends whose process died before it reported their outcome. */
  untold(count: number): void {
    this.untoldAppends += count
  }

  /** The kinds of access of which none was acknowledged. */
  missing(): string[] {
    return ACCESS_KINDS.filter((kind) => !this.outcomes.get('acknowledged')?.has(kind))
  }

  lines(): string[][] {
    const rows = [...this.outcomes].map(([name, kinds]) => [
      name,
      ...ACCESS_KINDS.map((kind) => String(kinds.get(kind) ?? 0)),
    ])
    const most = (row: readonly string[]) => row.slice(1).reduce((sum, cell) => sum + Number(cell), 0)
    return [
      ['accesses, by what they were told', ...ACCESS_KINDS],
      ...rows.sort((a, b) => most(b) - most(a)),
      ['unknown: killed before it was told anything', String(this.untoldAppends), '', '', ''],
    ]
  }
}
