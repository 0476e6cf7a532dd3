// What is checked: how many processes, how many accesses each makes, and how many faults of each kind may happen, at any
// moment. Each configuration is searched exhaustively; what a parameter means is said beside it.

export const DEFAULTS = {
  N: 3, // processes
  WANTS: 1, // accesses of each, at least as many acquires
  DEATHS: 0, // process ids that end: killed, cut off, frozen, or retired
  DEAFS: 0, // holders that renew, but answer nothing
  LOSSES: 0, // requests and answers that are lost, and functions that die between two steps
  COPIES: 0, // requests and pushes that arrive twice, the copy at any time later
  LATES: 0, // writes to the primary state that arrive again later, or whose outcome is never learned
  CANCELS: 0, // waits that are given up
  SLEEPS: 0, // 1: the first process sleeps when it has nothing to do, and wakes under the last of the N ids
  BUSIES: 0, // holders that say that they are busy, and may outstay it
  REGRESSIONS: 0, // lock records that vanish or become old ones, while the clocks help nobody
  RESTORES: 0, // copies of the primary state that are put back, while it is in use
  PUSHES: 0, // pushes that arrive, at any time: all others are lost
  NUDGES: 1,
  IDLE: 0, // 1: a holder may also release what nobody waits for
  FREE_AT_END: 0, // 1: in the end the lock must be free, too
  ONLY_RELEASES_ARE_LOST: 0, // 1: and what the functions make of them
}

const ALL = 255

/** Properties that must hold in every state. */
const SAFE = [
  { name: '3 processes, two die', set: { DEATHS: 2 } },
  { name: '3 processes, repeated and reordered requests', set: { COPIES: 1 } },
  { name: '3 processes, lost messages, cancels', set: { LOSSES: 1, CANCELS: 1 } },
  { name: '3 processes, late writes', set: { LATES: 1 } },
  { name: '2 processes, one dies, late writes', set: { N: 2, DEATHS: 1, LATES: 1 } },
  { name: '3 processes, late pushes', set: { PUSHES: 2 } },
  { name: '3 processes, busy beyond their time', set: { BUSIES: 1 } },
  { name: '3 processes, a lost or old lock record', set: { REGRESSIONS: 1 } },
  { name: '2 processes, late writes, an old state put back', set: { N: 2, LATES: 1, RESTORES: 1 } },
  { name: '2 processes, two accesses, repeated requests', set: { N: 2, WANTS: 2, COPIES: 1 } },
  { name: '2 processes, two accesses, late pushes', set: { N: 2, WANTS: 2, PUSHES: 1 } },
  { name: '2 processes, two accesses, lost messages, cancels', set: { N: 2, WANTS: 2, LOSSES: 1, CANCELS: 1 } },
  { name: '2 processes, one sleeps, repeated requests', set: { SLEEPS: 1, IDLE: 1, COPIES: 1 } },
  { name: '2 processes, one sleeps, late pushes', set: { SLEEPS: 1, IDLE: 1, PUSHES: 2 } },
  { name: '3 processes, one sleeps', set: { N: 4, SLEEPS: 1, IDLE: 1 } },
  { name: '2 processes, all pushes, repeated requests, cancels', set: { N: 2, PUSHES: ALL, COPIES: 1, CANCELS: 1 } },
]

/** In the end nobody waits who lives, whatever happens, as long as nothing that can go on is held up for ever. */
const LIVE = [
  { name: '3 processes, every push lost', set: {} },
  { name: '3 processes, every push lost, one dies', set: { DEATHS: 1 } },
  { name: '3 processes, every push lost, a deaf holder', set: { DEAFS: 1 } },
  { name: '3 processes, every push lost, lost messages', set: { LOSSES: 1 } },
  { name: '2 processes, two accesses, one dies, lost messages', set: { N: 2, WANTS: 2, DEATHS: 1, LOSSES: 1 } },
  { name: '2 processes, a lost or old lock record', set: { N: 2, REGRESSIONS: 1 } },
  { name: '2 processes, one sleeps, every push lost, lost messages', set: { SLEEPS: 1, IDLE: 1, LOSSES: 1 } },
  { name: '2 processes, two accesses, free in the end', set: { N: 2, WANTS: 2, IDLE: 1, CANCELS: 1, FREE_AT_END: 1 } },
  {
    name: '2 processes, no nudges, a release in trouble',
    set: { N: 2, WANTS: 2, NUDGES: 0, PUSHES: ALL, LOSSES: 1, ONLY_RELEASES_ARE_LOST: 1 },
  },
]

/** With 4 processes: the same faults in smaller numbers. */
const FOUR = {
  safe: [
    { name: '4 processes, one dies', set: { N: 4, DEATHS: 1 } },
    { name: '4 processes, lost messages', set: { N: 4, LOSSES: 1 } },
  ],
  live: [
    { name: '4 processes, every push lost', set: { N: 4 } },
    { name: '3 processes, one sleeps, every push lost', set: { N: 4, SLEEPS: 1, IDLE: 1 } },
  ],
}

/**
 * The queue of several principals alone, in turns.pml. OWN processes are of one principal, SECOND of another, the others of a
 * third; PLACES is the length of the queue.
 */
const TURNS = [
  { name: '4 processes, 2 principals', set: { N: 4, OWN: 3, SECOND: 1, PLACES: 3 } },
  { name: '4 processes, 3 principals, cancels', set: { N: 4, OWN: 2, SECOND: 1, PLACES: 3, CANCELS: 1 } },
  {
    name: '4 processes, 2 principals, a short queue, cancels',
    set: { N: 4, OWN: 3, SECOND: 1, PLACES: 2, CANCELS: 1 },
  },
  { name: '5 processes, 2 principals, a short queue', set: { N: 5, OWN: 4, SECOND: 1, PLACES: 3 } },
]
const MORE_TURNS = [
  { name: '6 processes, 2 principals, places taken past others', set: { N: 6, OWN: 4, SECOND: 2, PLACES: 4 } },
]

const made = (list, isLive) =>
  list.map(({ name, set }) => ({ name, isLive, parameters: { ...DEFAULTS, ...set, LIVENESS: isLive ? 1 : 0 } }))

const madeTurns = (list) => made(list, false).map((one) => ({ ...one, program: 'turns' }))

export const CONFIGURATIONS = [...made(SAFE, false), ...madeTurns(TURNS), ...made(LIVE, true)]
export const CONFIGURATIONS_OF_FOUR = [...made(FOUR.safe, false), ...madeTurns(MORE_TURNS), ...made(FOUR.live, true)]
