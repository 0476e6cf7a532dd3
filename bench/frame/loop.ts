import { SAMPLED_ONE_IN } from './limits.js'
import type { RoundLength, Work } from './side.js'

export type Operation = (task: number) => unknown

export interface LoopOptions {
  /**
   * Loops that run at the same time, each one operation after the other.
   * @default 1
   */
  readonly tasks?: number
  /**
   * Whether the operations take microseconds: then only some of them get a clock of their own.
   * @default false
   */
  readonly isShort?: boolean
  /** Called after the round for the side's own counts. */
  readonly counts?: () => Readonly<Record<string, number>>
}

/** Runs a round of operations in closed loops. */
export async function loop(length: RoundLength, operation: Operation, options: LoopOptions = {}): Promise<Work> {
  const { tasks = 1, isShort = false, counts = () => ({}) } = options
  const every = isShort ? SAMPLED_ONE_IN : 1
  const latenciesMs: number[] = []
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const done = await Promise.all(
    Array.from({ length: tasks }, (_, task) =>
      'operations' in length
        ? fixedCount(operation, task, Math.ceil(length.operations / tasks), every, latenciesMs)
        : fixedTime(operation, task, startedAt + length.ms, every, latenciesMs),
    ),
  )
  const wallMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  const operations = done.reduce((sum, count) => sum + count, 0)
  return { operations, wallMs, latenciesMs, cpuMs: (user + system) / 1_000, counts: counts() }
}

async function fixedCount(operation: Operation, task: number, count: number, every: number, latenciesMs: number[]) {
  for (let done = 0; done < count; done += 1) {
    if (done % every !== 0) await operation(task)
    else latenciesMs.push(await timed(operation, task))
  }
  return count
}

async function fixedTime(operation: Operation, task: number, endsAt: number, every: number, latenciesMs: number[]) {
  let done = 0
  for (; done % every !== 0 || performance.now() < endsAt; done += 1) {
    if (done % every !== 0) await operation(task)
    else latenciesMs.push(await timed(operation, task))
  }
  return done
}

async function timed(operation: Operation, task: number): Promise<number> {
  const startedAt = performance.now()
  await operation(task)
  return performance.now() - startedAt
}
