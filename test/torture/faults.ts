import { setTimeout as pause } from 'node:timers/promises'
import type { LocalStack } from '../../local/index.js'
import type { Random } from '../support/random.js'
import type { ProviderMode } from './messages.js'
import type { HttpMessage, TcpProxy, Trouble, Way } from './proxy.js'
import type { ServerSlot } from './server-slot.js'
import { stallBodies, troubleProvider } from './strikes.js'

/** At once. More would only hide one another. */
const ACTIVE_MAX = 3
const PAUSE_MS = [150, 900] as const
const WORK_AWAITED_MS = 1_000
/** About the time that a commit takes here. */
const COMMIT_MS = 8

export interface World {
  readonly stack: LocalStack
  readonly slots: readonly ServerSlot[]
  /** Between the functions and DynamoDB. */
  readonly functions: TcpProxy
  readonly violate: (problem: string) => void
}

/** Does it, and returns how to end it. Undefined where there was nothing to do it to. */
type Fault = (world: World, random: Random, slot: ServerSlot) => Promise<End | undefined>
interface End {
  readonly afterMs: number
  readonly undo: () => unknown
  /** How often it struck, once it is undone. Of most faults that is not known. */
  readonly struck?: () => number
}

type Leg = (world: World, slot: ServerSlot) => TcpProxy

/** Legs of the network in trouble for a while. Then deaf connections are cut, or stay deaf until somebody notices. */
function trouble(legs: readonly Leg[], kind: (random: Random) => Trouble, longestMs: number, shortestMs = 300): Fault {
  return async (world, random, slot) => {
    const proxies = legs.map((leg) => leg(world, slot))
    const one = kind(random)
    const ends = proxies.map((proxy) => proxy.trouble(one))
    const staysDeaf = random.chance(0.5)
    const undo = () => {
      for (const end of ends) end()
      if (!staysDeaf) for (const proxy of proxies) proxy.cutDeaf()
    }
    return { afterMs: random.between(shortestMs, longestMs), undo }
  }
}

/** HTTP bodies stop in their middle for a while. Their connections stay open until somebody notices. */
function stall(leg: Leg, fits: (message: HttpMessage) => boolean, longestMs: number): Fault {
  return async (world, random, slot) => {
    const { end, struck } = stallBodies(leg(world, slot), fits)
    return { afterMs: random.between(300, longestMs), undo: end, struck }
  }
}

/** The credentials provider of a process hangs or fails. With a cut, the process needs it to connect, too. */
function provider(mode: ProviderMode, ...cuts: readonly Leg[]): Fault {
  return async (world, random, slot) => {
    const fault = await troubleProvider(slot, mode)
    if (fault === undefined) return undefined
    for (const leg of cuts) leg(world, slot).cut()
    return { afterMs: random.between(300, 5_000), undo: fault.end, struck: fault.struck }
  }
}

const cut =
  (leg: Leg): Fault =>
  async (world, _, slot) =>
    leg(world, slot).cut() > 0 ? { afterMs: 0, undo: () => {} } : undefined

const gateway: Leg = (_, slot) => slot.gateway
const dynamodb: Leg = (_, slot) => slot.dynamodb
const functions: Leg = ({ functions: proxy }) => proxy
const delay = (random: Random): Trouble => ({ delayMs: random.between(20, 700) })
/** So late that its sender has given it up, and perhaps another holds the session by then. */
const late =
  (leastMs: number, mostMs: number) =>
  (random: Random): Trouble => ({
    delayMs: random.between(leastMs, mostMs),
    delays: ['toServer'],
  })
const swallow =
  (...swallows: readonly Way[]) =>
  () => ({ swallows })
const refuse = () => ({ refuses: true })

const isRead = ({ way, operation }: HttpMessage): boolean => way === 'toClient' && operation === 'GetItem'
const isWritten = ({ way, operation }: HttpMessage): boolean => way === 'toClient' && operation !== 'GetItem'
const isAnswer = ({ way }: HttpMessage): boolean => way === 'toClient'
const isRequest = ({ way }: HttpMessage): boolean => way === 'toServer'

/** Waits, for a while, until this process has a commit before it: that is where a crash hurts. */
async function atWork(slot: ServerSlot, random: Random): Promise<void> {
  if (random.chance(0.3)) return
  await Promise.race([slot.heard(({ type }) => type === 'begun'), pause(WORK_AWAITED_MS)]).catch(() => {})
  await pause(random.between(0, COMMIT_MS))
}

const kill: Fault = async (_, random, slot) => {
  if (!slot.traits.isMortal || !slot.isRunning) return undefined
  await atWork(slot, random)
  await slot.kill()
  // It may be killed again before it has started.
  return { afterMs: random.between(0, 800), undo: () => slot.start().catch(() => {}) }
}

const freeze: Fault = async (_, random, slot) => {
  if (!slot.isRunning) return undefined
  await atWork(slot, random)
  slot.freeze()
  // Every other one is frozen beyond its lease.
  return { afterMs: random.between(200, 6_000), undo: () => slot.thaw() }
}

const losePushes: Fault = async ({ stack }, random, slot) => {
  const isLost = ({ connectionId }: { readonly connectionId: string }) =>
    stack.gateway.connections().some((one) => one.connectionId === connectionId && slot.isConnection(one))
  return { afterMs: random.between(500, 5_000), undo: stack.gateway.losePushes(isLost) }
}

const restart =
  (part: 'gateway' | 'dynamodb'): Fault =>
  async ({ stack }, random) => {
    await stack[part].stop()
    return { afterMs: random.between(0, 1_000), undo: () => stack[part].start() }
  }

const FAULTS = {
  'process killed': kill,
  'process frozen': freeze,
  'process partitioned': trouble([gateway, dynamodb], swallow('toServer', 'toClient'), 5_000),
  'pushes to a process lost': losePushes,
  'gateway restarted': restart('gateway'),
  'gateway leg: delayed': trouble([gateway], delay, 4_000),
  'gateway leg: messages very late': trouble([gateway], late(1_000, 4_000), 3_000),
  'gateway leg: cut': cut(gateway),
  'gateway leg: to the client swallowed': trouble([gateway], swallow('toClient'), 5_000),
  'gateway leg: to the gateway swallowed': trouble([gateway], swallow('toServer'), 5_000),
  'gateway leg: refused': trouble([gateway], refuse, 3_000),
  'DynamoDB restarted': restart('dynamodb'),
  'DynamoDB leg: delayed': trouble([dynamodb], delay, 4_000),
  'DynamoDB leg: requests very late': trouble([dynamodb], late(2_500, 7_000), 4_000, 2_000),
  'DynamoDB leg: cut': cut(dynamodb),
  'DynamoDB leg: answers swallowed': trouble([dynamodb], swallow('toClient'), 5_000),
  'DynamoDB leg: requests swallowed': trouble([dynamodb], swallow('toServer'), 5_000),
  'DynamoDB leg: refused': trouble([dynamodb], refuse, 3_000),
  'DynamoDB leg: answer to a read stalls in its body': stall(dynamodb, isRead, 5_000),
  'DynamoDB leg: answer to a write stalls in its body': stall(dynamodb, isWritten, 5_000),
  'DynamoDB leg: request stalls in its body': stall(dynamodb, isRequest, 5_000),
  'credentials provider hangs': provider('hangs'),
  'credentials provider hangs, connection cut': provider('hangs', gateway),
  'credentials provider fails': provider('fails'),
  'credentials provider fails, connection cut': provider('fails', gateway),
  "functions' leg: delayed": trouble([functions], delay, 2_000),
  "functions' leg: requests very late": trouble([functions], late(1_000, 3_000), 500),
  "functions' leg: cut": cut(functions),
  "functions' leg: answers swallowed": trouble([functions], swallow('toClient'), 1_200),
  "functions' leg: requests swallowed": trouble([functions], swallow('toServer'), 1_200),
  "functions' leg: refused": trouble([functions], refuse, 1_200),
  "functions' leg: answer stalls in its body": stall(functions, isAnswer, 1_200),
  "functions' leg: request stalls in its body": stall(functions, isRequest, 1_200),
} as const satisfies { readonly [name: string]: Fault }

export type FaultName = keyof typeof FAULTS
const NAMES = Object.keys(FAULTS) as FaultName[]
/** These stop everybody: one at a time is enough. */
const EXCLUSIVE: readonly FaultName[] = ['gateway restarted', 'DynamoDB restarted']

/** These meet a commit under way, where most could go wrong: they come more often. */
const OFTEN: readonly FaultName[] = [
  'process killed',
  'process frozen',
  'DynamoDB leg: requests very late',
  'DynamoDB leg: answers swallowed',
]

/** How often a fault happened, and how often it struck, where that is known. */
export interface Count {
  readonly times: number
  readonly strikes: number
}

/** Brings faults upon a world, a few at a time, each as often as its kind. */
export class Storm {
  readonly counts = new Map<FaultName, Count>(NAMES.map((name) => [name, { times: 0, strikes: 0 }]))
  private readonly active = new Map<Promise<void>, FaultName>()
  private bag: FaultName[] = []

  constructor(
    private readonly world: World,
    private readonly random: Random,
  ) {}

  /** Kinds that have not happened yet. */
  get missing(): readonly FaultName[] {
    return NAMES.filter((name) => this.counts.get(name)?.times === 0)
  }

  /** Resolves when `ms` have passed and all faults have ended. */
  async rage(ms: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController()
    const stop = () => end.abort()
    const timer = setTimeout(stop, ms)
    signal.addEventListener('abort', stop)
    const over = end.signal
    while (!over.aborted && !signal.aborted) {
      if (this.active.size < ACTIVE_MAX) this.begin(over)
      await sleep(this.random.between(...PAUSE_MS), over)
    }
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    await Promise.all(this.active.keys())
    this.calm()
  }

  /** Cuts the connections that may be deaf. */
  private calm(): void {
    const { slots, functions: proxy } = this.world
    for (const leg of [proxy, ...slots.flatMap((slot) => [slot.gateway, slot.dynamodb])]) leg.cutDeaf()
  }

  private begin(over: AbortSignal): void {
    if (this.bag.length === 0) this.bag = [...this.random.shuffled(NAMES), ...this.random.shuffled(OFTEN)]
    const name = this.bag.shift() as FaultName
    const isTaken = EXCLUSIVE.includes(name) && [...this.active.values()].some((other) => EXCLUSIVE.includes(other))
    if (isTaken) return void this.bag.push(name)
    const run = this.run(name, this.random.pick(this.world.slots), over)
    this.active.set(run, name)
    void run.finally(() => this.active.delete(run))
  }

  private async run(name: FaultName, slot: ServerSlot, over: AbortSignal): Promise<void> {
    try {
      const end = await FAULTS[name](this.world, this.random, slot)
      if (end === undefined) return void this.bag.push(name)
      await sleep(end.afterMs, over)
      await end.undo()
      const struck = end.struck?.()
      // A short run has time for each kind once, if what met nothing is not put off.
      if (struck === 0) return void this.bag.unshift(name)
      const { times, strikes } = this.counts.get(name) as Count
      this.counts.set(name, { times: times + 1, strikes: strikes + (struck ?? 0) })
    } catch (error) {
      this.world.violate(`${name}: ${(error as Error).stack}`)
    }
  }
}

/** Ends early, and without an error, when the signal says so. */
const sleep = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => {})
