import { readLock } from '../../../protocol/lock/record.js'
import { readProcess } from '../../../protocol/process/record.js'
import { leftIn } from '../../support/leftovers.js'
import type { RaceState } from './race-state.js'
import { shown } from './watch.js'

interface Insides {
  readonly sessions: {
    readonly membership: { readonly processId: string } | undefined
    readonly known: ReadonlyMap<string, LocalSessionInsides>
  }
  readonly entrance: {
    readonly accesses: { readonly count: number }
    readonly looks: { readonly tickets: ReadonlySet<object> }
  }
}
interface LocalSessionInsides {
  readonly waiting: { readonly count: number }
  readonly onFreed: readonly unknown[] | undefined
  readonly lock: { readonly state: { readonly kind: string; readonly epoch?: number } }
  readonly state: { readonly kind: string }
  readonly hold:
    | undefined
    | {
        readonly state: string
        readonly accesses: {
          readonly isAny: boolean | undefined
          readonly isAnyRunning: boolean | undefined
          readonly several:
            | undefined
            | {
                readonly locks: { readonly table: undefined | { readonly ready: readonly unknown[] } }
              }
        }
        readonly held: { readonly unresolved: { readonly isEmpty: boolean } | undefined }
        readonly chain: { readonly isIdle: boolean }
      }
}

/** At a moment when nothing is left to be done but by the outside world, whoever can go on has gone on. */
export function checkMoment({ watch, clients }: RaceState): void {
  for (const [index, client] of clients.entries()) {
    for (const { waiting, lock, hold } of (client as unknown as Insides).sessions.known.values()) {
      const isWaitedFor = lock.state.kind !== 'asking' || waiting.count > 0
      watch.expect(isWaitedFor, `client ${index} asks for a session that nobody waits for`)
      watch.expect(lock.state.kind !== 'none' || waiting.count === 0, `client ${index} waits and does not ask`)
      if (hold === undefined) continue
      const ready = hold.accesses.several?.locks.table?.ready.length ?? 0
      watch.expect(ready === 0, `client ${index} has not granted what is free`)
      const isDone = hold.state === 'draining' && !hold.accesses.isAny && hold.chain.isIdle
      watch.expect(!isDone, `client ${index} has a session to give back and keeps it`)
    }
  }
}

/** Nothing in any client waits, runs or is unwritten any more, and the records say what the clients believe. */
export async function checkLeftovers(race: RaceState): Promise<void> {
  const { watch, clients, world } = race
  watch.expect(world.clock.awaited === 0, `${world.clock.awaited} timers keep the process of idle clients alive`)
  for (const [index, client] of clients.entries()) {
    const { sessions, entrance } = client as unknown as Insides
    const { accesses, looks } = entrance
    watch.expect(client.health().waitingSessions === 0, `client ${index} says that it waits for a session`)
    watch.expect(accesses.count === 0, `client ${index} counts ${accesses.count} accesses`)
    watch.expect(looks.tickets.size === 0, `client ${index} still looks for ${looks.tickets.size} sessions`)
    for (const [, { waiting, onFreed = [], lock, state, hold }] of sessions.known) {
      const isQuiet = waiting.count + onFreed.length === 0 && (lock.state.kind === 'held') === (state.kind === 'held')
      watch.expect(
        isQuiet,
        `client ${index} has ${waiting.count} waiting, ${onFreed.length} releasing, lock ${lock.state.kind}, ${state.kind}`,
      )
      if (hold === undefined) continue
      const { isAny, isAnyRunning } = hold.accesses
      // Not "is true": a name that nothing has any more must not pass for nobody.
      const used = isAny === false && isAnyRunning === false ? 0 : 1
      const unwritten = hold.held.unresolved?.isEmpty === false ? 1 : 0
      const left = [used, unwritten, hold.chain.isIdle ? 0 : 1]
      watch.expect(
        left.every((count) => count === 0),
        `client ${index} has kept [accesses, unwritten, chain] ${shown(left)}`,
      )
      watch.expect(hold.state === 'open', `client ${index} has a hold that is ${hold.state} and not used`)
    }
  }
  await checkRecords(race)
}

/** Where no message is lost, no living process stands in a queue that it does not wait in, or holds what it does not know. */
async function checkRecords({ world, keys, clients, watch, plan, closed }: RaceState): Promise<void> {
  // What is under way on a connection that its client replaces, for want of answers, is lost as well.
  const isReplaced = world.traffic.sent.some((text) => text.includes('"hello"') && !text.includes('"gen":1}'))
  if (isReplaced || plan.lost.length + plan.troubles.length > 0) return
  const locks = world.memory.snapshot().locks
  const living = clients
    .filter((_client, index) => !closed.has(index))
    .map((client) => (client as unknown as Insides).sessions.membership?.processId)
  const isLiving = (p: string) => living.includes(p) && readProcess(locks.get(`P#${p}`))?.evictedAt === undefined
  for (const key of keys) {
    const lock = readLock(locks.get(`S#${key}`))
    const waiting = lock?.waiters.filter(({ p }) => isLiving(p)) ?? []
    watch.expect(waiting.length === 0, `${waiting.length} living processes are still queued`)
    if (lock?.holder === undefined || !isLiving(lock.holder.p)) continue
    const isKnown = clients.some((client) => {
      const state = (client as unknown as Insides).sessions.known.get(key)?.lock.state
      return state?.kind === 'held' && state.epoch === lock.epoch
    })
    watch.expect(isKnown, `epoch ${lock.epoch} is held by a living process that does not know it`)
  }
}

/** All clients are closed. */
export function checkNothingIsLeft({ world, clients, keys, watch }: RaceState): void {
  const locks = world.memory.snapshot().locks
  for (const [index, client] of clients.entries()) {
    const { heldSessions, waitingSessions, state } = client.health()
    const left = [`${heldSessions} held`, `${waitingSessions} waiting`].filter((count) => !count.startsWith('0 '))
    left.push(...leftIn(client))
    watch.expect(left.length === 0 && state === 'closed', `closed client ${index} is ${state}: ${left.join(', ')}`)
  }
  for (const key of keys) {
    const lock = readLock(locks.get(`S#${key}`))
    for (const { p } of [...(lock?.waiters ?? []), ...(lock?.holder === undefined ? [] : [lock.holder])]) {
      const process = readProcess(locks.get(`P#${p}`))
      const isOver =
        process === undefined || process.evictedAt !== undefined || process.leaseUntil < world.clock.wallMs()
      watch.expect(isOver, 'a lock is still held or waited for by a process that lives')
    }
  }
  watch.expect(world.clock.pending === 0, `${world.clock.pending} timers are left`)
  watch.expect(world.connected === 0, `${world.connected} connections are left`)
}
