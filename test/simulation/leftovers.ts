import type { Holdfast } from '../../client/holdfast.js'
import type { Channel, Port } from '../../client/worker/port.js'
import { leftIn } from '../support/leftovers.js'
import type { Insides } from './insides.js'
import type { Judge } from './judge.js'
import type { Machine } from './machine.js'
import type { Timeline } from './timeline.js'

const LOOK_EVERY_MS = 500
/** Releases have gone out, and were answered: they may have to wait for a connection. */
const RELEASED_MAX_MS = 60_000
/** What is written behind is written by then, and the last answers have arrived. */
const QUIET_MS = 5_000

interface Watched {
  readonly machine: Machine
  readonly client: Pick<Holdfast<object>, 'releaseUnused' | 'close'>
  readonly isStopping: boolean
  readonly channels: Channels
}

/** The channels between a client and its worker threads: which ports are open, and would keep somebody alive. */
export class Channels {
  /** For each channel that is open: whether its ports would keep the process, and the thread, alive. */
  private readonly open = new Map<object, { isMainAwaited: boolean; isThreadAwaited: boolean }>()

  get count(): number {
    return this.open.size
  }

  get awaited(): number {
    return [...this.open.values()].filter(({ isMainAwaited, isThreadAwaited }) => isMainAwaited || isThreadAwaited)
      .length
  }

  watch(channel: Channel): Channel {
    const state = { isMainAwaited: false, isThreadAwaited: false }
    this.open.set(channel, state)
    const ended = () => this.open.delete(channel)
    watchPort(channel.port1, (isAwaited) => Object.assign(state, { isMainAwaited: isAwaited }), ended)
    // A thread that is gone has no part in this.
    watchPort(channel.port2, (isAwaited) => Object.assign(state, { isThreadAwaited: isAwaited }), ended)
    return channel
  }
}

/** As with a MessagePort, a listener for messages makes it one that keeps its thread alive. */
function watchPort(port: Port, awaited: (isAwaited: boolean) => void, ended: () => void): void {
  const { on, ref, unref } = port
  port.ref = () => {
    awaited(true)
    ref.call(port)
  }
  port.unref = () => {
    awaited(false)
    unref.call(port)
  }
  port.on = (event: 'message' | 'close', listener: (message?: unknown) => void) => {
    if (event === 'message') awaited(true)
    const heard = (message?: unknown) => {
      if (event === 'close') ended()
      listener(message)
    }
    return (on as (event: string, listener: typeof heard) => unknown).call(port, event, heard)
  }
}

/** What clients must not have when nothing is under way, or when they are closed; and what they must have meanwhile. */
export class Leftovers {
  constructor(
    private readonly timeline: Timeline,
    private readonly judge: Judge,
  ) {}

  /** Looks into these servers, and those that are added, until they stop: who waits must keep its process alive. */
  watch(servers: readonly Watched[]): void {
    this.timeline.after(LOOK_EVERY_MS, () => {
      for (const { machine, client } of servers) {
        if (machine.isDead || machine.isStopped) continue
        const isWaiting = [...(client as unknown as Insides).sessions.known.values()].some(
          ({ waiting }) => waiting.count > 0,
        )
        if (isWaiting && this.timeline.timersOf(machine, 'awaited') === 0)
          this.judge.violate('20', 'an access waits, and no timer keeps its process alive')
      }
      if (!servers.every(({ isStopping }) => isStopping)) this.watch(servers)
    })
  }

  /** No access is under way: sessions that are held keep no process alive, and a client that gives them back has nothing. */
  async checkIdle(live: readonly Watched[]): Promise<void> {
    const { timeline } = this
    // The listeners of one that does not stop may begin accesses.
    const servers = live.filter(({ isStopping }) => isStopping)
    // The others close while they hold sessions.
    const releasing = servers.filter((_server, index) => index % 2 === 0)
    let released = 0
    for (const { client } of releasing) void client.releaseUnused().then(() => void (released += 1))
    await timeline.run(timeline.nowMs + RELEASED_MAX_MS, () => released === releasing.length)
    await timeline.run(timeline.nowMs + QUIET_MS)
    if (released < releasing.length) this.judge.violate('16', 'a client does not give back what nobody uses')
    for (const { machine, client, channels } of servers) {
      // One that falls asleep in this moment waits for the answer to its last message.
      const isAsleep = (client as unknown as Insides).sessions.membership === undefined
      const timers = isAsleep ? 0 : timeline.timersOf(machine, 'awaited')
      if (timers > 0) this.judge.violate('20', `an idle client keeps its process alive by ${timers} timers`)
      if (channels.awaited > 0)
        this.judge.violate('20', `${channels.awaited} ports keep somebody alive, and no call is under way`)
    }
    for (const { client } of releasing) this.checkEmpty(client, 'a client that holds nothing')
  }

  /** Closes a client, which needs no time any more then. */
  async close({ machine, client }: Watched): Promise<void> {
    await client.close({ drainMs: 100 })
    const timers = this.timeline.timersOf(machine, 'awaited') + this.timeline.timersOf(machine, 'background')
    if (timers > 0) this.judge.violate('20', `a client that has closed just now left ${timers} timers`)
  }

  /** A client has closed, all messages have arrived, and all work that went on meanwhile has ended. */
  checkGone({ machine, client, channels }: Watched): void {
    const timers = this.timeline.pendingOf(machine)
    if (timers > 0) this.judge.violate('20', `a closed client left ${timers} timers`)
    if (channels.count > 0) this.judge.violate('20', `a closed client left ${channels.count} ports`)
    this.checkEmpty(client, 'a closed client')
  }

  private checkEmpty(client: object, who: string): void {
    for (const left of leftIn(client)) this.judge.violate('20', `${who} has something left: ${left}`)
  }
}
