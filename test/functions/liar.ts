import type { Random } from '../support/random.js'
import { Player, type Stage, sessionOf } from './stage.js'

/** One message of a client that means no good, and the connection it comes over. */
export interface Lie {
  readonly connectionId: string
  readonly body: unknown
}

type Choice = () => unknown

const MOST = Number.MAX_SAFE_INTEGER
const TYPES = ['acquire', 'cancel', 'release', 'busy', 'keep', 'renew', 'retire', 'hello'] as const
type Type = (typeof TYPES)[number]
/** The fields that each type of message has, and no others. */
export const FIELDS: { readonly [T in Type]: readonly string[] } = {
  hello: ['v', 'processId', 'secret', 'label', 'gen'],
  acquire: ['session', 'r', 'above', 'nudge', 'waiters', 'since'],
  cancel: ['session', 'r'],
  release: ['session', 'epoch', 'r'],
  busy: ['session', 'epoch'],
  keep: ['session', 'epoch'],
  renew: ['n'],
  retire: [],
}
const OPTIONAL: ReadonlySet<string> = new Set(['above', 'nudge', 'waiters', 'since'])
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'p',
  'holder',
  'processId',
  'waiters',
  'of',
  '',
]

const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

/**
 * Makes messages up: of every type, with fields that are right, nearly right, of another kind, missing, too many, huge
 * or deep; and bytes that were a message once. It knows all sessions and all processes, but no secret except its own.
 */
export class Liar {
  /** The names it goes by: the second introduces itself over a connection of its own. */
  readonly names: readonly Player[]
  private readonly connections: string[]
  /** Messages that are still to come over one connection at a stroke, and worth nothing. */
  private flood = { connectionId: '', left: 0 }

  constructor(
    private readonly random: Random,
    private readonly stage: Stage,
    private readonly sessions: readonly string[],
    private readonly others: readonly Player[],
    first: Player,
  ) {
    this.names = [first, new Player('liar 2')]
    this.connections = ['first', 'second', 'third'].map((name) => new Player(`${first.name} ${name}`).connectionId)
    this.connections.push(first.connectionId, first.connectionId, first.connectionId)
  }

  next(): Lie {
    const { random } = this
    // Now and then a connection that the store has never seen.
    if (random.chance(0.01)) this.connections[random.integer(0, 2)] = random.token(9)
    const connectionId = random.pick(this.connections)
    if (this.flood.left > 0) {
      this.flood.left -= 1
      return { connectionId: this.flood.connectionId, body: JSON.stringify(this.nonsense()) }
    }
    if (random.chance(0.002)) this.flood = { connectionId, left: 120 }
    const body = this.body()
    return { connectionId, body: random.chance(0.15) ? this.damaged(String(body)) : body }
  }

  private body(): unknown {
    const { random } = this
    if (random.chance(0.02)) return random.pick<unknown>([undefined, null, 7, {}, Buffer.from('{"type":"retire"}'), ''])
    const message = this.message()
    const text = JSON.stringify(message)
    if (random.chance(0.94)) return text
    return random.pick([
      ` \n${text}\t`,
      `[${text}]`,
      text + text,
      `${text}${' '.repeat(random.integer(3_900, 5_000))}`,
      JSON.stringify(text),
      '['.repeat(random.integer(1, 20_000)),
      `{"type":"retire","type":${JSON.stringify(message.type)}}`,
      text.replace('{', '{"__proto__":{"type":"retire"},'),
    ])
  }

  private message(): { readonly [field: string]: unknown } {
    const { random } = this
    // Retiring is rare: a retired process can do little more.
    const type: Type = random.chance(0.01) ? 'retire' : random.pick(TYPES.filter((one) => one !== 'retire'))
    const session = random.pick(this.sessions)
    const message: Record<string, unknown> = { type }
    for (const name of FIELDS[type]) {
      if (random.chance(OPTIONAL.has(name) ? 0.6 : 0.01)) continue
      message[name] = random.chance(0.06) ? this.nonsense() : this.fitting(name, session)
    }
    if (random.chance(0.02)) message.type = random.pick<unknown>(['granted', '__proto__', 'HELLO', 1, null, ['hello']])
    if (random.chance(0.04)) {
      Object.defineProperty(message, random.pick(NAMES), { value: this.nonsense(), enumerable: true })
    }
    return message
  }

  /** A value of the right kind, which may be somebody else's, of the past or of the future. */
  private fitting(name: string, session: string): unknown {
    const { random, stage } = this
    const lock = stage.lock(session)
    const seats = [...(lock?.waiters ?? []), ...(lock?.holder === undefined ? [] : [lock.holder])]
    const epoch = lock?.epoch ?? stage.nowMs
    const near = (value: number) => value + random.pick([-1, 0, 0, 0, 1])
    const counter = random.pick([1, 2, random.integer(1, 40), MOST])
    const choices: { readonly [field: string]: Choice } = {
      session: () => (random.chance(0.97) ? session : random.pick(this.sessionLikes(session))),
      r: () => (seats.length > 0 && random.chance(0.6) ? near(random.pick(seats).r) : counter),
      epoch: () => (random.chance(0.8) ? near(epoch) : random.pick([1, stage.nowMs, 2 ** 52, MOST])),
      above: () => random.pick([near(epoch), epoch + 1_000, 0, -0, 2 ** 52, stage.nowMs + 2 ** 45 + 1, MOST]),
      nudge: () => random.pick([true, true, true, false]),
      waiters: () => random.pick([0, 1, lock?.waiters.length ?? 0, 64, 65]),
      since: () => random.pick([stage.nowMs, stage.nowMs - 5_000, 0, MOST]),
      n: () => counter,
      v: () => random.pick([1, 1, 1, 1, 1, 1, 0, 2]),
      processId: () => random.pick([...this.names, ...this.others]).processId,
      secret: () => random.pick([...this.names, ...this.names, new Player('nobody')]).secret,
      label: () => random.pick(['', 'liar', '~'.repeat(64)]),
      gen: () => random.pick([1, 1, 2, 3, 4, random.integer(1, 60), 5_000]),
    }
    return choices[name]?.()
  }

  private sessionLikes(session: string): readonly string[] {
    const hash = session.slice(-43)
    return [
      sessionOf('nobody has it'),
      `other#${hash}`,
      `S#${session}`,
      `P#${hash}`,
      `${session} `,
      `__proto__#${hash}`,
    ]
  }

  private nonsense(): unknown {
    const { random } = this
    return random.pick<unknown>([
      null,
      true,
      '',
      '1',
      0,
      -1,
      1.5,
      1e300,
      MOST + 1,
      [],
      [1],
      {},
      { N: '1' },
      { ['__proto__']: { polluted: true } },
      'x'.repeat(random.integer(1, 5_000)),
      '\u0000\ud800\u202e',
      deep(random.integer(1, 1_500)),
    ])
  }

  /** A text with a few wrong bytes. API Gateway always hands on text. */
  private damaged(text: string): string {
    const { random } = this
    let bytes = Buffer.from(text)
    for (let times = random.integer(1, 4); times > 0; times -= 1) {
      const at = random.integer(0, bytes.length)
      const some = Buffer.from(Array.from({ length: random.integer(0, 3) }, () => random.integer(0, 255)))
      const digit = Buffer.from(String(random.integer(0, 9)))
      const cut = random.integer(0, 3)
      const piece = random.pick([some, digit, bytes.subarray(at, at + 8)])
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + cut)])
    }
    return bytes.toString()
  }
}
