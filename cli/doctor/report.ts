import type { Finding } from './findings.js'

type StepName =
  | 'configuration'
  | 'credentials'
  | 'clock'
  | 'sessions'
  | 'locks'
  | 'records'
  | 'connection'
  | 'round trip'

/** One part of an examination. */
export interface Step {
  readonly name: StepName
  readonly outcome: 'passed' | 'warned' | 'failed' | 'skipped'
  readonly ms: number
  /** What it has seen, for people: figures, names. */
  readonly detail: string
  readonly findings: readonly Finding[]
}

export interface Report {
  readonly isHealthy: boolean
  readonly steps: readonly Step[]
  /** Milliseconds of the parts of the round trip, as far as it came. */
  readonly timings: Readonly<Record<string, number>>
}

/** What a step has to say. */
export interface Said {
  readonly detail?: string
  readonly findings?: readonly Finding[]
}

/** Runs the steps one by one, and keeps what they find. */
export class Examination {
  private readonly steps: Step[] = []
  readonly timings: Record<string, number> = {}

  constructor(private readonly onStep: (step: Step) => void) {}

  /** Runs a step, unless a step that it needs has failed. */
  async step(name: StepName, needs: readonly StepName[], look: () => Promise<Said> | Said): Promise<void> {
    const broken = needs.find((need) => !this.hasPassed(need))
    if (broken !== undefined)
      return this.add({ name, outcome: 'skipped', ms: 0, detail: `needs ${broken}`, findings: [] })
    const startMs = performance.now()
    const { detail = '', findings = [] } = await look()
    const isFault = findings.some(({ severity }) => severity === 'fault')
    const outcome = isFault ? 'failed' : findings.length > 0 ? 'warned' : 'passed'
    this.add({ name, outcome, ms: Math.round(performance.now() - startMs), detail, findings })
  }

  report(): Report {
    const isHealthy = this.steps.every(({ outcome }) => outcome === 'passed' || outcome === 'warned')
    return { isHealthy, steps: this.steps, timings: this.timings }
  }

  private hasPassed(name: StepName): boolean {
    return this.steps.some((step) => step.name === name && (step.outcome === 'passed' || step.outcome === 'warned'))
  }

  private add(step: Step): void {
    this.steps.push(step)
    this.onStep(step)
  }
}
