// Rules of the protocol broken one at a time: each must be caught, or the model proves nothing. `file` without .pml;
// `from` stands there exactly once.

const N2 = { N: 2 }
const TURNS = { N: 4, OWN: 3, SECOND: 1, PLACES: 3 }

export const BUGS = [
  {
    name: 'a revoke that overtakes its grant is answered with release',
    edits: [
      ['client', ':: c.state == ASKING -> c.wanted = true; nudge();', ':: c.state == ASKING -> giveBack(theEpoch);'],
    ],
    set: { ...N2, WANTS: 2, PUSHES: 2 },
  },
  {
    name: 'an old r is granted anew',
    edits: [['functions', 'holderR > m.n -> clear(s);', 'holderR > m.n -> m.at = (waiting == 0 -> REGRANT : GIVE);']],
    set: { ...N2, WANTS: 2, COPIES: 1 },
  },
  {
    name: 'a holder that lost track is granted anew past those who wait',
    edits: [
      ['functions', 'm.at = (waiting == 0 -> REGRANT : GIVE);', 'm.at = REGRANT;'],
      ['functions', 'epoch == m.e && waiting == 0 ->', 'epoch == m.e ->'],
    ],
    set: { ...N2, WANTS: 2, LOSSES: 1, CANCELS: 1 },
  },
  {
    name: 'a claim does not ask for a fence below its epoch',
    edits: [['record', ':: theK == 0 && fence < theEpoch ->', ':: theK == 0 ->']],
    set: { ...N2, WANTS: 2, LATES: 1 },
  },
  {
    name: 'a commit does not ask for the commitId before it',
    edits: [['record', ' && idP == who && idR == theR && idK == theK - 1 && rev == newValue - 1 ->', ' ->']],
    set: { ...N2, WANTS: 2, LATES: 1 },
  },
  {
    name: 'a commit does not ask for its own fence',
    edits: [
      [
        'record',
        'fence == theEpoch && idP == who && idR == theR && idK == theK - 1 && rev == newValue - 1 ->',
        'true ->',
      ],
    ],
    set: { ...N2, LATES: 1 },
  },
  {
    name: 'a commit does not ask for the rev before it, and an old state is put back',
    edits: [['record', ' && rev == newValue - 1 ->', ' ->']],
    set: { ...N2, LATES: 1, RESTORES: 1 },
  },
  {
    name: 'a request queues on a free lock',
    edits: [
      [
        'functions',
        'holder != NOBODY && holder != m.p && found == N ->\n          waiterP',
        'holder != m.p && found == N ->\n          waiterP',
      ],
    ],
    set: { ...N2, IDLE: 1 },
  },
  {
    name: 'a process is queued twice',
    edits: [['functions', 'holder != m.p && found == N ->\n          waiterP', 'holder != m.p ->\n          waiterP']],
    set: { COPIES: 1 },
  },
  {
    name: 'a cancel ignores that the lock was granted meanwhile',
    edits: [
      [
        'functions',
        ':: holder == m.p && holderR <= m.n -> m.at = GIVE;',
        ':: holder == m.p && holderR <= m.n -> clear(s);',
      ],
    ],
    set: { ...N2, IDLE: 1, CANCELS: 1, FREE_AT_END: 1, LIVENESS: 1 },
  },
  {
    name: 'the retry of a release tells nobody, and there are no nudges',
    edits: [['functions', ':: epoch == m.n + 1 -> tell(s);', ':: epoch == m.n + 1 -> m.hp = NOBODY; m.at = DONE;']],
    set: { ...N2, WANTS: 2, NUDGES: 0, PUSHES: 255, LOSSES: 1, ONLY_RELEASES_ARE_LOST: 1, LIVENESS: 1 },
  },
  {
    name: 'a hold that others wait for does not end',
    edits: [['client', '(c.isLost || c.wanted || IDLE)', '(c.isLost || IDLE)']],
    set: { ...N2, LIVENESS: 1 },
  },
  { name: 'there are no nudges', edits: [], set: { ...N2, NUDGES: 0, LIVENESS: 1 } },
  {
    name: 'a nudge does not note the ask with the holder',
    edits: [['functions', '-> noted[m.hp] = m.e;', '-> skip;']],
    set: { ...N2, LIVENESS: 1 },
  },
  {
    name: 'a nudge does not date an ask that a handoff cleared',
    edits: [['functions', 'isAsked = isAsked || (DEAFS > 0 && epoch', 'isAsked = isAsked && (DEAFS > 0 && epoch']],
    set: { DEAFS: 1, LIVENESS: 1 },
  },
  {
    name: 'nobody reclaims from the dead',
    edits: [['functions', ':: life[m.hp] == OVER || (busyUntil', ':: (busyUntil']],
    set: { ...N2, DEATHS: 1, LIVENESS: 1 },
  },
  {
    name: 'a lock is taken from a holder by what is remembered of it',
    edits: [
      [
        'functions',
        '!m.isNudge && (life[m.hp] == OVER || busyUntil == 2) ->',
        '!m.isNudge && life[m.hp] == ALIVE -> m.at = RECLAIM;',
      ],
      ['functions', '      pushRevoke(m.hp, m.e);\n      reply(s, queued);\n    }', '    }'],
    ],
    set: { ...N2, WANTS: 2 },
  },
  {
    name: 'a nudge goes by what is remembered of the holder',
    edits: [['functions', 'm.at == LOOK && !m.isNudge && (life', 'm.at == LOOK && (life']],
    set: { ...N2, DEATHS: 1, LIVENESS: 1 },
  },
  {
    name: 'a request that was not queued first is answered as if it were, and there are no nudges',
    edits: [
      [
        'functions',
        'm.at = LOOK;\n        :: else -> m.at = PLAN;\n        fi;\n\n      :: m.at == REPLACE',
        'm.at = LOOK;\n        :: else -> reply(s, queued);\n        fi;\n\n      :: m.at == REPLACE',
      ],
    ],
    set: { ...N2, WANTS: 2, NUDGES: 0, PUSHES: 255, IDLE: 1, LIVENESS: 1 },
  },
  {
    name: 'the store takes a lease as over before the process does',
    edits: [
      [
        'client',
        'life[i] == EXPIRED -> life[i] = OVER',
        '(life[i] == EXPIRED || (i == 0 && life[i] == ALIVE)) -> life[i] = OVER',
      ],
    ],
    set: { ...N2, WANTS: 2 },
  },
  {
    name: 'a process does not notice that its lease is over',
    edits: [
      [
        'client',
        '  c.state = 0; c.above = 0; c.wanted = false; c.isLost = false; c.saidBusy = false;\n  c.pending',
        '  c.pending',
      ],
    ],
    set: { ...N2, DEATHS: 1 },
  },
  {
    name: 'a process falls asleep with a hold, and goes on with it when it wakes',
    edits: [
      ['client', '        c.state == 0 && !c.pending && c.write == 0 ->\n', '        true ->\n'],
      ['client', '      client[N - 1].left = WANTS;\n      expire();', '      life[i] = EXPIRED;'],
    ],
    set: { SLEEPS: 1 },
  },
  {
    name: 'a process falls asleep without a word, and the store never takes its id as over',
    edits: [['client', 'life[i] == EXPIRED -> life[i] = OVER', 'life[i] == EXPIRED && !SLEEPS -> life[i] = OVER']],
    set: { SLEEPS: 1, IDLE: 1, LOSSES: 2, LIVENESS: 1 },
  },
  {
    name: 'a busy holder is reclaimed before its time is over',
    edits: [['functions', 'busyUntil == 2 &&', 'busyUntil >= 1 &&']],
    set: { ...N2, BUSIES: 1 },
  },
  {
    name: 'a release ignores the epoch',
    edits: [
      [
        'functions',
        ':: holder == m.p && epoch == m.n -> handOver(); tell(s);',
        ':: holder == m.p -> handOver(); tell(s);',
      ],
    ],
    set: { ...N2, WANTS: 2, COPIES: 1 },
  },
  {
    name: 'a handoff keeps the epoch',
    edits: [['record', '  epoch++;\n  isAsked = false;', '  isAsked = false;']],
    set: N2,
  },
  {
    name: 'a read resolves on a value that is not committed',
    edits: [['client', '  attempted++;', '  attempted++; returnValue();']],
    set: N2,
  },
  {
    name: 'a grant that nobody asked for is accepted',
    edits: [
      [
        'client',
        '  :: c.state == ASKING && theR == c.r ->\n    assert',
        '  :: (c.state == ASKING || c.state == 0) && theR == c.r ->\n    assert',
      ],
    ],
    set: { ...N2, COPIES: 1 },
  },
  {
    name: 'a late word of the queue cancels the grant that overtook it',
    edits: [['client', ':: c.state != 0 && theR == c.r;\n', ':: c.state == ASKING && theR == c.r;\n']],
    set: { ...N2, PUSHES: 2 },
  },
  {
    name: 'principals take no turns',
    program: 'turns',
    edits: [['turns', 'waiting > 0 && (!isMixed || waiting == 1) ->', 'waiting > 0 ->']],
    set: TURNS,
  },
  {
    name: 'a turn begins with the first principal, whoever holds',
    program: 'turns',
    edits: [['turns', '(principal(holder) + k) % PRINCIPALS', '(k - 1)']],
    set: TURNS,
  },
  {
    name: 'a request of another principal joins by the write of the first one',
    program: 'turns',
    edits: [['turns', '(at[i] == MIX || principal(list[0]) == principal(i)) ->', 'true ->']],
    set: TURNS,
  },
  {
    name: 'a principal that has too few places finds none',
    program: 'turns',
    edits: [['turns', 'k < waiting && most >= own + 2 ->', 'k < waiting && most >= own + 3 ->']],
    set: { ...TURNS, PLACES: 2 },
  },
  {
    name: 'a place that is taken goes to the newest of a principal, past its others',
    program: 'turns',
    edits: [
      [
        'turns',
        'k > pick[i] && principal(list[k]) == principal(i) ->',
        'k > PLACES && principal(list[k]) == principal(i) ->',
      ],
    ],
    set: { ...TURNS, N: 6, OWN: 4, SECOND: 2, PLACES: 4 },
  },
]
