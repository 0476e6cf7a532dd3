import { GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import { createConnectionHandler, createMessageHandler, type Environment } from '../../functions/lambda/handlers.js'
import { createHttpsHandler } from '../../functions/lambda/https-handler.js'
import type { Address, Deps } from '../../functions/ports.js'
import type { Store } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import type { Timing } from '../../protocol/timing.js'
import type { CloudWorld } from './cloud-world.js'
import { API, type GatewayEvent, gatewayEvent, type HttpsRequest, httpsEvent } from './gateway-events.js'
import { invocations } from './invocation.js'
import { Machine } from './machine.js'

/** The functions that are deployed. Each has environments of its own, and each of these a memory of its own. */
export type FunctionName = 'connection' | 'grant' | 'release' | 'https'

/** The routes of the deployment. Every other event goes to `connection`. */
const ROUTES: { readonly [type: string]: FunctionName } = {
  acquire: 'grant',
  cancel: 'grant',
  release: 'release',
  busy: 'release',
  keep: 'release',
  renew: 'release',
  retire: 'release',
}

const HANDLERS: { readonly [N in FunctionName]: (environment: Environment) => Handler } = {
  connection: createConnectionHandler,
  grant: (environment) => createMessageHandler(environment, GRANT_HANDLERS),
  release: (environment) => createMessageHandler(environment, RELEASE_HANDLERS),
  https: createHttpsHandler,
}

const CALLBACK_URL = 'https://cloud.invalid'
const WARM_ENVIRONMENTS = 3

type Handler = (event: never) => ReturnType<ReturnType<typeof createConnectionHandler>>

/** An execution environment of a Lambda function. */
interface Warm {
  readonly machine: Machine
  readonly handler: Handler
}

/** A version of a function, and the one before, which still takes events for a while. */
interface Deployment {
  readonly number: number
  readonly timing: Timing
  readonly former: Deployment | undefined
  readonly formerUntilMs: number
}

/** What the gateway takes from a function's answer. */
interface Answer {
  readonly statusCode: number
  readonly body: string
}

/** One call of a function: the machine that it runs on, and its answer. */
export interface FunctionCall {
  readonly machine: Machine
  readonly answer: Promise<Answer>
}

type Push = (machine: Machine, to: Address, message: StoreMessage) => Promise<boolean>

/** The Lambda functions behind their routes: real handlers, each environment on a machine with a clock of its own. */
export class Functions {
  private readonly environments = new Map<string, Warm>()
  private readonly deployments = new Map<FunctionName, Deployment>()

  constructor(
    private readonly world: CloudWorld,
    private readonly push: Push,
  ) {}

  /** Calls the function of the event's route: in an environment that is warm, or in one that will die. */
  invoke(event: GatewayEvent): FunctionCall {
    return this.call(ROUTES[event.type] ?? 'connection', gatewayEvent(event))
  }

  /** Calls the function that has a URL. */
  post(request: HttpsRequest): FunctionCall {
    return this.call('https', httpsEvent(request))
  }

  private call(name: FunctionName, event: object): FunctionCall {
    const { faults, counts, random } = this.world
    const dies = random.chance(faults().functionDies) && counts.hit('functionDies')
    // It dies for good at this step, a request or a push: before it, or with it under way.
    const { machine, handler } = dies
      ? this.create(name, random.integer(1, 6), this.serving(name).timing)
      : this.warm(name)
    const answer = handler(event as never).then((result) => ({ statusCode: 200, body: '', ...(result as object) }))
    return { machine, answer }
  }

  /** Replaces a function. Environments of the one before take events for some time more. */
  deploy(name: FunctionName, timing: Timing, formerMs: number): void {
    const former = this.deployed(name)
    const formerUntilMs = this.world.timeline.nowMs + formerMs
    this.deployments.set(name, { number: former.number + 1, timing, former, formerUntilMs })
  }

  private deployed(name: FunctionName): Deployment {
    const known = this.deployments.get(name)
    return known ?? { number: 1, timing: this.world.timing, former: undefined, formerUntilMs: 0 }
  }

  /** The version that takes an event now. */
  private serving(name: FunctionName): Deployment {
    const deployed = this.deployed(name)
    const { former, formerUntilMs } = deployed
    if (former === undefined || this.world.timeline.nowMs >= formerUntilMs) return deployed
    return this.world.random.chance(0.5) ? former : deployed
  }

  private warm(name: FunctionName): Warm {
    const { random } = this.world
    const { number, timing } = this.serving(name)
    const key = `${name} ${number} ${random.integer(1, WARM_ENVIRONMENTS)}`
    const known = this.environments.get(key)
    // Environments come and go, and with them their clocks.
    if (known?.machine.isDead === false && !random.chance(0.02)) return known
    const fresh = this.create(name, Number.POSITIVE_INFINITY, timing)
    this.environments.set(key, fresh)
    return fresh
  }

  private create(name: FunctionName, lastStep: number, timing: Timing): Warm {
    const { timeline, points, database } = this.world
    const machine = new Machine(timeline, this.clockErrorMs(), 0)
    const step = this.stepsOf(machine, lastStep)
    const store = database.storeFor(machine, 'function')
    const point = <T>(label: string, run: () => Promise<T>): Promise<T> =>
      points.pass(machine, label, () => step(run)) ?? new Promise<T>(() => {})
    const stepped: Store = {
      update: async (update) => {
        const outcome = await point(`function writes ${update.key.slice(0, 1)}`, () => store.update(update))
        if (outcome.applied) invocations.getStore()?.wrote.push(update)
        return outcome
      },
      transact: (updates) => point('function writes several', () => store.transact(updates)),
      get: (table, key) => point(`function reads ${key.slice(0, 1)}`, () => store.get(table, key)),
      remove: (table, key) => point('function removes', () => store.remove(table, key)),
    }
    const deps: Deps = {
      store: stepped,
      push: (to, message) => point(`function pushes ${message.type}`, () => this.push(machine, to, message)),
      processes: new KnownProcesses(() => machine.wallMs()),
      nowMs: () => machine.wallMs(),
      timing,
      incarnation: new KnownIncarnation(stepped, () => machine.wallMs()),
      namespaces: new Map(),
      log: () => {},
    }
    // Requests have bounds of their own here, in virtual time.
    const time: Environment['time'] = { within: (handle) => handle() }
    return {
      machine,
      handler: HANDLERS[name]({ deps, time, log: { requestId: undefined }, callbackUrl: CALLBACK_URL, api: API }),
    }
  }

  private stepsOf(machine: Machine, lastStep: number): <T>(run: () => Promise<T>) => Promise<T> {
    let stepsLeft = lastStep
    return async <T>(run: () => Promise<T>): Promise<T> => {
      stepsLeft -= 1
      if (stepsLeft < 0) machine.kill()
      if (machine.isDead) return new Promise<T>(() => {})
      // It dies with the request under way: applied, and nobody knows.
      if (stepsLeft === 0 && this.world.random.chance(0.5)) {
        machine.kill()
        void run().catch(() => {})
        return new Promise<T>(() => {})
      }
      return run()
    }
  }

  private clockErrorMs(): number {
    const { faults, counts, random, timing } = this.world
    if (!(faults().clockError > 0 && counts.hit('clockError'))) return 0
    return random.pick([-timing.clockErrorMs, timing.clockErrorMs, random.between(-1, 1) * timing.clockErrorMs])
  }
}
