import type { CloudWorld } from './cloud-world.js'
import type { Machine } from './machine.js'

/**
 * The messages that still pass between a machine and the store: only those to it, only those from it, only answers
 * that are under way, or none.
 */
export type Direction = 'in' | 'out' | 'answers' | 'none'

/** The network between the machines and the store: its delays, partitions, and deaf machines. */
export class Network {
  private readonly partitions = new Map<Machine, Direction>()
  private readonly deaf = new Set<Machine>()

  constructor(private readonly world: Pick<CloudWorld, 'random' | 'faults' | 'counts'>) {}

  /** From now on, until it is ended, a machine does not reach the store, or is not reached by it, or neither. */
  partition(machine: Machine, direction: Direction | undefined): void {
    if (direction === undefined) this.partitions.delete(machine)
    else this.partitions.set(machine, direction)
  }

  /** From now on a machine never hears that others wait for its sessions, as a client with a fault of its own. */
  deafen(machine: Machine): void {
    this.deaf.add(machine)
  }

  /** Ends all partitions. */
  heal(): void {
    this.partitions.clear()
  }

  isPartitioned(machine: Machine): boolean {
    return this.partitions.has(machine)
  }

  /** Whether messages of this machine reach the store. */
  carriesFrom(machine: Machine): boolean {
    const passes = this.partitions.get(machine)
    return passes === undefined || passes === 'out'
  }

  /** Whether messages of the store reach this machine. */
  carriesTo(machine: Machine, isAnswer: boolean): boolean {
    const passes = this.partitions.get(machine)
    return passes === undefined || passes === 'in' || (isAnswer && passes === 'answers')
  }

  /** The part of a message that a machine hears, or undefined where it hears nothing of it. */
  heardBy(machine: Machine, text: string): string | undefined {
    return this.deaf.has(machine) ? withoutAsks(text) : text
  }

  delayMs(): number {
    const { random, faults, counts } = this.world
    const isSlow = random.chance(faults().slowNetwork) && counts.hit('slowNetwork')
    return isSlow ? random.between(50, 1_000) : random.between(1, 15)
  }
}

function withoutAsks(text: string): string | undefined {
  const message = JSON.parse(text) as { readonly type?: string }
  if (message.type === 'revoke') return undefined
  if (message.type === 'renewed') return JSON.stringify({ ...message, asks: [], more: undefined })
  return message.type === 'granted' ? JSON.stringify({ ...message, contended: false }) : text
}
