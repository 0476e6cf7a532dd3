import type { Entry, LockFact, MessageFact, RefusalFact, StateFact } from './entry.js'

/** A sentence about an entry, and the part of docs/internals/protocol.md that explains it. */
export interface Words {
  readonly text: string
  /** The anchor of a heading of docs/internals/protocol.md. */
  readonly anchor: string | undefined
}

/** The names of processes, as people know them. */
export type NameOf = (process: string | undefined) => string

export const ANCHORS = {
  handoff: 'how-is-a-lock-granted-asked-back-handed-over',
  changes: 'who-may-change-a-lock',
  lease: 'what-does-a-lease-mean-and-why-are-the-clocks-safe',
  stale: 'why-can-no-stale-write-land',
  whatIf: 'what-if-',
  cost: 'what-does-a-handoff-cost',
  waiting: 'how-long-can-anyone-wait',
  throttled: 'what-if-the-gateway-throttles-messages',
} as const

/** Epochs of new records begin above the clock: their last digits tell them apart. */
export const shortEpoch = (epoch: number): string => (epoch < 1_000_000 ? String(epoch) : `…${String(epoch).slice(-5)}`)

const words = (text: string, anchor?: string): Words => ({ text, anchor })

/** Says what an entry means, for people. Undefined where there is nothing to say. */
export function wordsFor(entry: Entry, nameOf: NameOf): Words | undefined {
  if (entry.kind === 'message') return wordsForMessage(entry, nameOf(entry.process))
  if (entry.kind === 'lock') return wordsForLock(entry, nameOf)
  if (entry.kind === 'state') return wordsForState(entry)
  if (entry.kind === 'refusal') return wordsForRefusal(entry)
  if (entry.kind === 'closed') return words(`The connection of ${nameOf(entry.process)} is cut.`, ANCHORS.whatIf)
  return undefined
}

function wordsForMessage(message: MessageFact, name: string): Words | undefined {
  const { way, type, isNudge, delivery, position, code, of, isContended, isHttps } = message
  if (way === 'sent') return sentByClient(type, isNudge === true, isHttps === true ? `Over HTTPS ${name}` : name)
  if (way === 'throttled') {
    return words(
      `The gateway throttles ‘${type}’ of ${name}: no function sees it. ${name} stays connected, sends less for a while, and tries again.`,
      ANCHORS.throttled,
    )
  }
  if (way === 'pushed' && delivery === 'lost') {
    return words(`The push ‘${type}’ to ${name} is lost on its way. The next nudge makes up for it.`, ANCHORS.whatIf)
  }
  if (way === 'pushed' && delivery !== 'sent') {
    return words(`The push ‘${type}’ does not reach ${name}: its connection is ${delivery}.`, ANCHORS.whatIf)
  }
  switch (type) {
    case 'granted':
      return words(
        `${name} is told that it has the lock${isContended === true ? ', and that others wait already' : ''}.`,
        ANCHORS.handoff,
      )
    case 'queued':
      return words(`${name} is told that it waits, with ${position ?? 0} ahead of it in the queue.`, ANCHORS.handoff)
    case 'revoke':
      return words(`The store asks ${name} to give the session back.`, ANCHORS.handoff)
    case 'released':
      return words(`${name} learns that its release is done.`, ANCHORS.handoff)
    case 'lost':
      return words(`${name} is told that its lock was taken, because its busy time was over.`, ANCHORS.whatIf)
    case 'refused':
      return words(`The store refuses ‘${of ?? 'a message'}’ of ${name}: ${code ?? 'no reason'}.`, ANCHORS.changes)
    case 'welcome':
      return words(`${name} is welcome: its lease runs.`, ANCHORS.lease)
    default:
      return undefined
  }
}

function sentByClient(type: string, isNudge: boolean, name: string): Words | undefined {
  switch (type) {
    case 'acquire':
      return isNudge
        ? words(`${name} nudges: it has waited for a while, and asks the store to look again.`, ANCHORS.waiting)
        : words(`${name} asks for the session.`, ANCHORS.handoff)
    case 'release':
      return words(`${name} has committed everything, and gives the session back.`, ANCHORS.handoff)
    case 'busy':
      return words(`${name} needs more time: an access still runs.`, ANCHORS.handoff)
    case 'cancel':
      return words(`${name} does not want the session any more.`, ANCHORS.handoff)
    case 'hello':
      return words(`${name} says hello.`, ANCHORS.changes)
    case 'retire':
      return words(`${name} says goodbye: its lease is over at once.`, ANCHORS.lease)
    default:
      return undefined
  }
}

function wordsForLock({ holder, waiters, epoch, isRead, busyUntil }: LockFact, nameOf: NameOf): Words {
  const queue =
    waiters.length === 0
      ? 'nobody waits'
      : `${waiters.map(nameOf).join(', ')} ${waiters.length === 1 ? 'waits' : 'wait'}`
  const held = holder === undefined ? 'nobody holds it' : `${nameOf(holder)} holds it`
  const busy = busyUntil === undefined ? '' : ', busy'
  return words(
    `${isRead === true ? 'Read from the table' : 'Written'}: epoch ${shortEpoch(epoch)}, ${held}${busy}, ${queue}.`,
    ANCHORS.handoff,
  )
}

function wordsForRefusal({ session, outcome }: RefusalFact): Words {
  const record = session === undefined ? 'the record of a process' : 'the lock'
  const what = outcome === 'dropped' ? `breaks off a write to ${record}` : `refuses a write to ${record} (${outcome})`
  return words(
    `DynamoDB ${what}. The function tries it again; where that is in vain, the client sends its message again.`,
    ANCHORS.whatIf,
  )
}

function wordsForState({ operation, outcome, changes, epoch, commits }: StateFact): Words | undefined {
  if (outcome === 'ConditionalCheckFailedException') {
    return operation === 'commit'
      ? words(
          `A commit under epoch ${shortEpoch(epoch)} is refused: a newer holder has raised the fence.`,
          ANCHORS.stale,
        )
      : undefined
  }
  if (outcome !== 'ok') return words(`DynamoDB answers a ${operation} with ${outcome}.`, ANCHORS.whatIf)
  switch (operation) {
    case 'claim':
      return words(
        `The fence is raised to ${shortEpoch(epoch)}, and the state is read: older epochs cannot write any more.`,
        ANCHORS.stale,
      )
    case 'birth':
      return words(`There is no session yet: it is claimed afresh under epoch ${shortEpoch(epoch)}.`, ANCHORS.handoff)
    case 'commit':
      return words(
        changes === 0
          ? 'The life of the session is extended.'
          : `A commit writes ${changes} ${changes === 1 ? 'attribute' : 'attributes'}.`,
        ANCHORS.stale,
      )
    case 'destroy':
      return words('The session is destroyed.', ANCHORS.stale)
    case 'record':
      return commits === undefined
        ? undefined
        : words(
            `Since the look before, ${commits} ${commits === 1 ? 'commit was' : 'commits were'} written.`,
            ANCHORS.stale,
          )
    case 'rotate':
      return words('The session goes on under another id.', ANCHORS.stale)
    default:
      return undefined
  }
}
