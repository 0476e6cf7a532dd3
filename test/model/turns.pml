/*
 * The queue of one lock for several principals (protocol/lock/queue.ts and its writes): who may join it, and whose turn it is.
 * The first OWN processes are of one principal, the next SECOND of another, and all others of a third. A function reads the
 * record in one step and writes in another, by what it has read; between the two anything may happen. Only the holder gives the lock away, so
 * epochs are left out: holdfast.pml has them.
 */

#define NOBODY N
#define principal(q) ((q) < OWN -> 0 : ((q) < OWN + SECOND -> 1 : 2))
#define PRINCIPALS 3

mtype = { AWAY, LOOK, GRANT, FIRST, BEHIND, MIX, DISPLACE, WAITING, OUTSIDE, HOLDS, BLIND, TURN };

byte holder = NOBODY, list[PLACES], waiting;
bool isMixed;

mtype at[N] = AWAY;
byte left[N] = WANTS;
byte pick[N];                                  /* the place that a decision is about */
byte seen[N * PLACES], seenWaiting[N];         /* the queue as a decision saw it */
byte leaves = CANCELS;

/* For the properties alone: who joined before whom; how often a principal was served since another one waits. */
bool before[N * N];
byte served[PRINCIPALS * PRINCIPALS];

hidden byte j, k, l, found, most, own, turn, count, groups;
hidden byte isSame;

inline countOf(q) {
  count = 0;
  for (l : 0 .. PLACES - 1) {
    if
    :: l < waiting && principal(list[l]) == principal(q) -> count++;
    :: else -> skip;
    fi;
  }
}

inline find(who) {
  found = PLACES;
  for (j : 0 .. PLACES - 1) {
    if
    :: j < waiting && list[j] == who -> found = j;
    :: else -> skip;
    fi;
  }
}

inline remember(i) {
  for (j : 0 .. PLACES - 1) { seen[i * PLACES + j] = list[j] };
  seenWaiting[i] = waiting;
}

inline forget(i) {
  for (j : 0 .. PLACES - 1) { seen[i * PLACES + j] = 0 };
  seenWaiting[i] = 0; pick[i] = 0;
}

/* nextIn: the principal after that of the holder, in a circle; its first waiter. */
inline findNext() {
  turn = PLACES;
  for (k : 1 .. PRINCIPALS) {
    for (j : 0 .. PLACES - 1) {
      if
      :: turn == PLACES && j < waiting && principal(list[j]) == (principal(holder) + k) % PRINCIPALS -> turn = j;
      :: else -> skip;
      fi;
    }
  }
}

/* The principal's line with the most places, and its newest waiter. */
inline findDisplaced(i) {
  countOf(i);
  own = count; most = own; found = PLACES;
  for (k : 0 .. PLACES - 1) {
    if
    :: k < waiting ->
      countOf(list[k]);
      if
      :: count > most -> most = count;
      :: else -> skip;
      fi;
    :: else -> skip;
    fi;
  }
  for (k : 0 .. PLACES - 1) {
    if
    :: k < waiting && most >= own + 2 ->
      countOf(list[k]);
      if
      :: count == most -> found = k;
      :: else -> skip;
      fi;
    :: else -> skip;
    fi;
  }
}

inline checkQueue() {
  for (j : 0 .. PLACES - 1) {
    for (l : 0 .. PLACES - 1) {
      if
      :: j < l && l < waiting ->
        assert(isMixed || principal(list[j]) == principal(list[l]));         /* mixed-is-known */
        assert(principal(list[j]) != principal(list[l]) || before[list[j] * N + list[l]]);  /* first-come-within-a-principal */
        assert(list[j] != list[l] && list[j] != holder && list[l] != holder);        /* queued-once */
      :: else -> skip;
      fi;
    }
  }
  assert(holder != NOBODY || waiting == 0);                                  /* free-without-waiters */
  for (k : 0 .. N - 1) {
    countOf(k);
    if
    :: count == 0 ->
      for (l : 0 .. PRINCIPALS - 1) { served[principal(k) * PRINCIPALS + l] = 0 };
    :: else -> skip;
    fi;
  }
}

inline joined(i) {
  for (j : 0 .. PLACES - 1) {
    if
    :: j < waiting && list[j] != i -> before[list[j] * N + i] = true; before[i * N + list[j]] = false;
    :: else -> skip;
    fi;
  }
  checkQueue();
}

inline takeOut(place) {
  for (j : place .. PLACES - 1) {
    list[j] = (j + 1 < waiting -> list[(j + 1 < PLACES -> j + 1 : j)] : 0);
  }
  waiting--;
}

inline pass(place) {
  turn = list[place];
  takeOut(place);
  holder = turn;
  at[turn] = HOLDS;
  forget(turn);
  for (k : 0 .. N - 1) {
    countOf(k);
    if
    :: count > 0 && principal(k) != principal(turn) && (k == 0 || principal(k - 1) != principal(k)) ->
      served[principal(k) * PRINCIPALS + principal(turn)]++;
      assert(served[principal(k) * PRINCIPALS + principal(turn)] <= 1);      /* served-once-while-another-waits */
    :: else -> skip;
    fi;
  }
  for (l : 0 .. PRINCIPALS - 1) { served[principal(turn) * PRINCIPALS + l] = 0 };
  checkQueue();
}

/* planJoin, and the place of a request that is on record already. */
inline plan(i) {
  forget(i);
  find(i);
  if
  :: holder == NOBODY -> at[i] = GRANT;
  :: holder == i -> at[i] = HOLDS;
  :: holder != NOBODY && holder != i && found < PLACES -> at[i] = WAITING;
  :: holder != NOBODY && holder != i && found == PLACES && waiting == 0 -> at[i] = FIRST;
  :: holder != NOBODY && holder != i && found == PLACES && waiting > 0 && waiting < PLACES ->
    at[i] = (principal(list[0]) == principal(i) -> BEHIND : MIX);
  :: holder != NOBODY && holder != i && found == PLACES && waiting == PLACES ->
    findDisplaced(i);
    if
    :: found < PLACES -> pick[i] = found; remember(i); at[i] = DISPLACE;
    :: else ->
      /* Each of the principals that wait has its share. */
      groups = (own == 0 -> 1 : 0);
      for (k : 0 .. PLACES - 1) {
        isSame = false;
        for (j : 0 .. PLACES - 1) {
          if
          :: j < k && principal(list[j]) == principal(list[k]) -> isSame = true;
          :: else -> skip;
          fi;
        }
        groups = (isSame -> groups : groups + 1);
      }
      assert(own >= PLACES / groups);                                        /* each-has-its-share */
      at[i] = OUTSIDE;
    fi;
  fi;
}

/* The last waiter is the last one still, so nobody has joined or left. */
inline isAsSeen(i) {
  isSame = (waiting == seenWaiting[i]);
  for (j : 0 .. PLACES - 1) { isSame = isSame && list[j] == seen[i * PLACES + j] };
}

/* Takes the place of the one that is picked; own waiters behind it move up. */
inline displace(i) {
  l = pick[i];
  for (k : 0 .. PLACES - 1) {
    if
    :: k > pick[i] && principal(list[k]) == principal(i) -> list[l] = list[k]; l = k;
    :: else -> skip;
    fi;
  }
  list[l] = i;
  isMixed = true;
}

proctype Process(byte i) {
end:
  do
  :: d_step { at[i] == AWAY && left[i] > 0 -> left[i]--; at[i] = LOOK }
  :: d_step { at[i] == LOOK -> plan(i) }
  :: d_step {
      at[i] == GRANT ->
      if
      :: holder == NOBODY -> holder = i; at[i] = HOLDS;
      :: else -> at[i] = LOOK;
      fi;
    }
  :: d_step {
      at[i] == FIRST || at[i] == BEHIND || at[i] == MIX ->
      find(i);
      if
      :: holder != NOBODY && holder != i && found == PLACES && at[i] == FIRST && waiting == 0 ->
        list[0] = i; waiting = 1; isMixed = false; at[i] = WAITING; joined(i);
      :: holder != NOBODY && holder != i && found == PLACES && at[i] != FIRST && waiting > 0 && waiting < PLACES &&
        (at[i] == MIX || principal(list[0]) == principal(i)) ->
        list[waiting] = i; waiting++; isMixed = isMixed || at[i] == MIX; at[i] = WAITING; joined(i);
      :: else -> at[i] = LOOK;
      fi;
    }
  :: d_step {
      at[i] == DISPLACE ->
      isAsSeen(i); find(i);
      if
      :: isSame && holder != NOBODY && holder != i && found == PLACES -> displace(i); at[i] = WAITING; joined(i);
      :: else -> at[i] = LOOK;
      fi;
      forget(i);
    }
  /* Nudges. */
  :: d_step { at[i] == WAITING || (at[i] == OUTSIDE && waiting < PLACES) -> at[i] = LOOK }
  :: d_step {
      leaves > 0 && at[i] == WAITING ->
      leaves--;
      find(i);
      if
      :: found < PLACES -> takeOut(found); checkQueue();
      :: else -> skip;
      fi;
      at[i] = AWAY;
    }
  :: d_step { at[i] == HOLDS -> at[i] = BLIND }
  :: d_step {
      at[i] == BLIND ->
      if
      :: waiting == 0 -> holder = NOBODY; at[i] = AWAY;
      :: waiting > 0 && (!isMixed || waiting == 1) -> at[i] = AWAY; pass(0);
      :: else -> findNext(); pick[i] = turn; remember(i); at[i] = TURN;
      fi;
    }
  :: d_step {
      at[i] == TURN ->
      if
      :: pick[i] < waiting && list[pick[i]] == seen[i * PLACES + pick[i]] ->
        l = pick[i]; forget(i); at[i] = AWAY; pass(l);
      :: else -> forget(i); at[i] = BLIND;
      fi;
    }
  od;
}

init {
  atomic {
    byte q;
    for (q : 0 .. N - 1) { run Process(q) };
    q = 0;
  };
  timeout -> assert(waiting == 0 && holder == NOBODY);                       /* all-are-served */
}
