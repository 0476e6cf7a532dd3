import { disconnected } from '../../functions/disconnect.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import type { Address, Deps } from '../../functions/ports.js'
import type { Store } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { CloudWorld } from './cloud-world.js'
import { Machine } from './machine.js'

const WARM_FUNCTIONS = 4

/** A Lambda function in its execution environment. */
export interface SimulatedFunction {
  readonly machine: Machine
  readonly dispatcher: Dispatcher
  /** The handler of $disconnect. */
  readonly disconnected: (connectionId: string) => Promise<void>
}

type Push = (machine: Machine, to: Address, message: StoreMessage) => Promise<boolean>

/** The Lambda functions: real handlers, each environment on a machine with a clock of its own. */
export class Functions {
  incarnation = 1
  private readonly environments: SimulatedFunction[] = []

  constructor(
    private readonly world: CloudWorld,
    private readonly push: Push,
  ) {}

  /** One that is warm, or one that will die. */
  any(): SimulatedFunction {
    const { faults, counts, random } = this.world
    const dies = random.chance(faults().functionDies) && counts.hit('functionDies')
    return dies ? this.dying(random.integer(1, 6)) : this.warm()
  }

  private warm(): SimulatedFunction {
    const { random } = this.world
    const index = random.integer(0, WARM_FUNCTIONS - 1)
    const known = this.environments[index]
    // Environments come and go, and with them their clocks.
    if (known?.machine.isDead === false && !random.chance(0.02)) return known
    const fresh = this.create(Number.POSITIVE_INFINITY)
    this.environments[index] = fresh
    return fresh
  }

  /** A function that dies for good at this step, a request or a push: before it, or with it under way. */
  private dying(atStep: number): SimulatedFunction {
    return this.create(atStep)
  }

  private create(lastStep: number): SimulatedFunction {
    const { random, timing, timeline, points, database } = this.world
    const machine = new Machine(timeline, this.clockErrorMs(), 0)
    let stepsLeft = lastStep
    const step = async <T>(run: () => Promise<T>): Promise<T> => {
      stepsLeft -= 1
      if (stepsLeft < 0) machine.kill()
      if (machine.isDead) return new Promise<T>(() => {})
      // It dies with the request under way: applied, and nobody knows.
      if (stepsLeft === 0 && random.chance(0.5)) {
        machine.kill()
        void run().catch(() => {})
        return new Promise<T>(() => {})
      }
      return run()
    }
    const store = database.storeFor(machine, 'function')
    const point = <T>(label: string, run: () => Promise<T>): Promise<T> =>
      points.pass(machine, label, () => step(run)) ?? new Promise<T>(() => {})
    const stepped: Store = {
      update: (update) => point(`function writes ${update.key.slice(0, 1)}`, () => store.update(update)),
      transact: (updates) => point('function writes several', () => store.transact(updates)),
      get: (table, key) => point(`function reads ${key.slice(0, 1)}`, () => store.get(table, key)),
      remove: (table, key) => point('function removes', () => store.remove(table, key)),
    }
    const functions = this
    const deps: Deps = {
      store: stepped,
      push: (to, message) => point(`function pushes ${message.type}`, () => this.push(machine, to, message)),
      processes: new KnownProcesses(() => machine.wallMs()),
      nowMs: () => machine.wallMs(),
      timing,
      get incarnation() {
        return String(functions.incarnation)
      },
      log: () => {},
    }
    return {
      machine,
      dispatcher: new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS }),
      disconnected: (connectionId) => disconnected(deps, connectionId),
    }
  }

  private clockErrorMs(): number {
    const { faults, counts, random, timing } = this.world
    if (!(faults().clockError > 0 && counts.hit('clockError'))) return 0
    return random.pick([-timing.clockErrorMs, timing.clockErrorMs, random.between(-1, 1) * timing.clockErrorMs])
  }
}
