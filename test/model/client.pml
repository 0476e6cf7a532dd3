/*
 * A process: its side of the lock (client/session/store-lock.ts, protocol/lock/client-decisions.ts), its writes to the primary
 * state (client/session/claim.ts, commit-chain.ts), and what can happen to it. A step is one event with all of its reaction.
 * Each access adds one to the counter that it finds cached.
 */

#define c client[i]
#define isFree(s) (slot[s].at == 0)
#define isFreeToRelease (c.state == HELD && c.write == 0)

/* Processes are alike, so nothing is lost if they ask for the first time in the order of their numbers. */
#define isMyTurn (i == 0 || (SLEEPS && i == N - 1) || c.r > 0 || client[i - 1].r > 0 || life[i - 1] != ALIVE)

/* `first` is the write that the store tries first. */
inline ask(fence, first) {
  printf("process %d: acquires r %d\n", i, c.r + 1);
  c.r++;
  c.state = ASKING;
  c.above = fence;
  c.wanted = false;
  send(acquireSlot(i), acquire, i, c.r, fence, false, first);
}

#define isToAsk ( \
  life[i] == ALIVE && c.state == 0 && (c.pending || c.left > 0) && isFree(acquireSlot(i)) && isMyTurn)

inline begin(first) {
  c.left = (c.pending -> c.left : c.left - 1);
  c.pending = true;
  ask(0, first);
}

inline nudge() {
  if
  :: NUDGES && isFree(acquireSlot(i)) ->
    printf("process %d: nudges for r %d\n", i, c.r);
    send(acquireSlot(i), acquire, i, c.r, c.above, true, READ);
  :: else -> skip;
  fi;
}

/* What does not fit is lost: the store asks again. */
inline giveBack(theEpoch) {
  printf("process %d: releases epoch %d\n", i, theEpoch);
  if
  :: isFree(otherSlot(i)) -> send(otherSlot(i), release, i, theEpoch, 0, false, HANDOVER);
  :: else -> skip;
  fi;
}

inline takeBack(theR) {
  printf("process %d: cancels r %d\n", i, theR);
  if
  :: isFree(otherSlot(i)) -> send(otherSlot(i), cancel, i, theR, 0, false, FIND);
  :: else -> skip;
  fi;
}

inline reset() {
  c.state = 0; c.epoch = 0; c.above = 0; c.wanted = false; c.isLost = false; c.saidBusy = false;
  c.write = 0; c.k = 0; c.value = 0;
}

inline forgetWrite() { c.write = 0; c.epoch = 0; c.r = 0; c.k = 0; c.value = 0 }

inline copyLate() {
  printf("process %d: write %d may come late\n", i, c.k);
  late = true; lateP = i; lateR = c.r; lateK = c.k; lateEpoch = c.epoch; lateValue = c.value;
}

/* The hold is no more. What runs fails, what waits goes on waiting. */
inline lose() {
  printf("process %d: loses its hold\n", i);
  if
  :: c.state == HELD && !c.isLost ->
    c.isLost = true;
    c.pending = c.pending && c.k == 0;
  :: else -> skip;
  fi;
}

inline onGranted(theR, theEpoch, others) {
  if
  :: c.state == ASKING && theR == c.r ->
    assert(c.accepted < theR);                                      /* one-grant-per-request */
    assert(!isRecordTrue || (holder == i && epoch == theEpoch));    /* not-taken-from-a-believer */
    for (j : 0 .. N - 1) {
      assert(!isRecordTrue || j == i || client[j].state != HELD || client[j].epoch != theEpoch); /* one-per-epoch */
    }
    c.accepted = theR;
    c.state = HELD; c.epoch = theEpoch; c.wanted = c.wanted || others; c.above = 0;
    c.k = 0; c.write = SENT;
  :: else ->
    if
    :: (c.state == HELD || c.state == RELEASING) && theEpoch == c.epoch;
    :: else ->
      if
      :: c.state == HELD && theEpoch > c.epoch -> lose();
      :: else -> skip;
      fi;
      giveBack(theEpoch);
    fi;
  fi;
}

inline onQueued(theR) {
  if
  :: c.state != 0 && theR == c.r;
  :: else -> takeBack(theR);
  fi;
}

inline onRevoke(theEpoch) {
  printf("process %d: is asked for epoch %d\n", i, theEpoch);
  if
  :: c.state == ASKING -> c.wanted = true; nudge();
  :: c.state == HELD && theEpoch == c.epoch -> c.wanted = true;
  :: c.state == RELEASING && theEpoch == c.epoch;
  :: else ->
    if
    :: c.state == HELD && theEpoch > c.epoch -> lose();
    :: else -> skip;
    fi;
    giveBack(theEpoch);
  fi;
}

/* A reaction that sends something needs a slot for it. */
#define isKnown(theR, theEpoch) ((c.state == ASKING && (theR) == c.r) || (c.state != 0 && (theEpoch) == c.epoch))
#define needsNoReply(s) ( \
  (m.answer == granted && isKnown(m.n, m.e)) || (m.answer == queued && c.state != 0 && m.n == c.r) || \
  m.answer == lost || (m.answer == released && m.hp != i))
#define isConcerned(theEpoch) (c.state == ASKING || (c.state != 0 && (theEpoch) == c.epoch))

/* Takes the answer out of a slot. */
inline receive(s) {
  d_step {
    life[i] == ALIVE && m.at == ANSWER && m.p == i &&
      (s == otherSlot(i) || isFree(otherSlot(i)) || needsNoReply(s)) ->
    printf("process %d: receives %e %d\n", i, m.answer, m.n);
    if
    :: m.answer == granted ->
      gotN = m.n; gotEpoch = m.e; gotMore = m.more;
      clear(s);
      onGranted(gotN, gotEpoch, gotMore);
    :: m.answer == queued -> gotN = m.n; clear(s); onQueued(gotN);
    :: m.answer == lost ->
      if
      :: m.n >= c.epoch -> lose();
      :: else -> skip;
      fi;
      clear(s);
    :: m.answer == released ->
      if
      :: c.state == RELEASING && m.n == c.epoch -> reset();
      :: else -> skip;
      fi;
      gotNext = (m.hp == i); gotN = m.hr; gotEpoch = m.e; gotMore = m.more;
      clear(s);
      if
      :: gotNext -> onGranted(gotN, gotEpoch, gotMore);
      :: else -> skip;
      fi;
    fi;
  }
}

/* An access that saw the cached value returns it. */
inline returnValue() { assert(!isStateTrue || c.value == value) }  /* no-uncommitted-read */

inline commit() {
  printf("process %d: commits under epoch %d\n", i, c.epoch);
  c.k++;
  c.value++;
  attempted++;
  c.write = SENT;
}

inline learn() {
  printf("process %d: write %d %e\n", i, c.k, c.write);
  if
  :: c.k == 0 && c.write == LANDED && !c.isLost ->
    c.write = 0;
    assert(!isStateTrue || (fence == c.epoch && c.value == value)); /* starts-from-the-last-commit */
    if
    :: c.pending -> commit();
    :: else -> skip;
    fi;
  :: c.k == 0 && c.write == REFUSED && !c.isLost ->
    assert(!isStateTrue);                                           /* no-holder-is-fenced */
    gotN = c.above;
    reset();
    ask(gotN, GRANT);
  :: c.k > 0 && c.write == LANDED && !c.isLost ->
    c.write = 0;
    acknowledged++;
    c.pending = false;
    returnValue();
  :: c.k > 0 && c.write == REFUSED && !c.isLost ->
    assert(!isStateTrue);                                           /* no-holder-is-fenced */
    c.write = 0;
    lose();
  :: c.isLost -> c.write = 0;
  fi;
}

/* The process id is dead for good: nothing it held is used again. A write under way may still land. */
inline expire() {
  printf("process %d: dies\n", i);
  life[i] = EXPIRED;
  c.state = 0; c.above = 0; c.wanted = false; c.isLost = false; c.saidBusy = false;
  c.pending = false; c.left = 0; c.accepted = 0;
  if
  :: c.write == SENT;
  :: else -> forgetWrite();
  fi;
  revokeOf[i] = 0; grantOf[i] = 0; grantR[i] = 0; grantMore[i] = false;
  for (l : 0 .. SLOTS - 1) {
    if
    :: slot[l].at == ANSWER && slot[l].p == i -> clear(l);
    :: else -> skip;
    fi;
  }
  noted[i] = 0;
}

hidden byte gotN, gotEpoch;
hidden byte gotMore, gotNext;

proctype Process(byte i) {
end:
  do
  /* Something is to be done here: ask, or do it under the lock that is held. */
  :: d_step { isToAsk -> begin(GRANT) }
  /* It has had the lock before, and was told of a next holder, which may hold no more. */
  :: d_step { isToAsk && c.r > 0 -> begin(ENQUEUE) }
  /* In a minimum hold that may be while others wait, too: the release comes at any time. */
  :: d_step {
      life[i] == ALIVE && isFreeToRelease && !c.isLost && c.left > 0 ->
      c.left--;
      c.pending = true;
      commit();
    }

  /* Timers: nudge, release again, busy. */
  :: d_step { life[i] == ALIVE && c.state == ASKING && NUDGES && isFree(acquireSlot(i)) -> nudge() }
  :: d_step { life[i] == ALIVE && c.state == RELEASING && isFree(otherSlot(i)) -> giveBack(c.epoch) }
  :: d_step {
      busies > 0 && life[i] == ALIVE && believes(i) && c.wanted && c.write != 0 && !c.saidBusy &&
        isFree(otherSlot(i)) ->
      busies--;
      c.saidBusy = true;
      send(otherSlot(i), busy, i, c.epoch, 0, false, EXTEND);
    }

  /* All is done: give it back. */
  :: d_step {
      life[i] == ALIVE && isFreeToRelease && (c.isLost || c.wanted || IDLE) && isFree(otherSlot(i)) ->
      l = c.epoch;
      reset();
      c.epoch = l;
      c.state = RELEASING;
      giveBack(l);
    }

  /* What arrives: answers, pushes, the asks that a renewal brings. */
  :: receive(acquireSlot(i));
  :: receive(otherSlot(i));
#if COPIES
  :: receive(2 * N);
#endif
#if PUSHES
  :: d_step {
      life[i] == ALIVE && grantOf[i] > 0 && (isFree(otherSlot(i)) || isKnown(grantR[i], grantOf[i])) ->
      printf("process %d: is pushed epoch %d\n", i, grantOf[i]);
      gotEpoch = grantOf[i]; gotN = grantR[i]; gotMore = grantMore[i];
      grantOf[i] = 0; grantR[i] = 0; grantMore[i] = false;
      countPush();
      onGranted(gotN, gotEpoch, gotMore);
    }
  /* One that would change nothing waits, lest weak fairness let a process hear of nothing else for ever. */
  :: d_step {
      life[i] == ALIVE && revokeOf[i] > 0 && !(LIVENESS && c.wanted) &&
        (isFree(otherSlot(i)) || isConcerned(revokeOf[i])) ->
      gotEpoch = revokeOf[i]; revokeOf[i] = 0;
      countPush();
      onRevoke(gotEpoch);
    }
#if COPIES
  :: d_step {
      copies > 0 && life[i] == ALIVE && grantOf[i] > 0 -> copies--; onGranted(grantR[i], grantOf[i], grantMore[i]);
    }
  :: d_step { copies > 0 && life[i] == ALIVE && revokeOf[i] > 0 -> copies--; onRevoke(revokeOf[i]) }
#endif
#endif
  :: d_step {
      life[i] == ALIVE && noted[i] > 0 && isFree(otherSlot(i)) && (c.state == RELEASING || !c.wanted) &&
        !(c.state == RELEASING && noted[i] == c.epoch) ->
      onRevoke(noted[i]);
    }

  /* The write under way reaches the primary state, and its answer this process. */
  :: d_step {
      c.write == SENT ->
      land(i, c.r, c.k, c.epoch, c.value);
      c.write = outcome;
      if
      :: life[i] == EXPIRED || life[i] == OVER -> forgetWrite();
      :: life[i] != EXPIRED && life[i] != OVER && c.k == 0 && outcome == LANDED -> c.value = value;
      :: life[i] != EXPIRED && life[i] != OVER && c.k == 0 && outcome == REFUSED -> c.above = fence;
      :: else -> skip;
      fi;
    }
  :: d_step {
      life[i] == ALIVE && (c.write == LANDED || (c.write == REFUSED && isFree(acquireSlot(i)))) -> learn();
    }

  /* What can happen to it. The store takes a lease as over only when the process does so. */
  :: d_step { life[i] == EXPIRED -> life[i] = OVER }
  :: d_step { life[i] == EVICTED -> expire() }
  :: d_step { deaths > 0 && life[i] == ALIVE -> deaths--; expire() }
#if SLEEPS
  /* It holds nothing and waits for nothing: it ends its id, and makes its next access under another one, at any time. */
  :: d_step {
      i == 0 && life[i] == ALIVE && life[N - 1] == UNBORN && c.r > 0 && c.left == 0 &&
        c.state == 0 && !c.pending && c.write == 0 ->
      printf("process %d: sleeps, and wakes as process %d\n", i, N - 1);
      life[N - 1] = ALIVE;
      client[N - 1].left = WANTS;
      expire();
    }
#endif
  :: d_step {
      deafs > 0 && life[i] == ALIVE && c.state == HELD ->
      printf("process %d: is deaf\n", i);
      deafs--;
      life[i] = DEAF;
    }
  :: d_step {
      cancels > 0 && life[i] == ALIVE && c.state == ASKING && isFree(otherSlot(i)) ->
      cancels--;
      c.pending = false;
      takeBack(c.r);
      reset();
    }
  /* It has sent its release often enough. */
  :: d_step { losses > 0 && life[i] == ALIVE && c.state == RELEASING && isFree(otherSlot(i)) -> losses--; reset() }
  /* It has outstayed its time. */
  :: d_step { c.saidBusy && life[i] == ALIVE && believes(i) -> lose() }
  /* A write was sent twice, or its outcome cannot be learned. */
  :: d_step { lates > 0 && !late && c.write == SENT -> lates--; copyLate() }
  :: d_step {
      lates > 0 && life[i] == ALIVE && c.write != 0 && !late -> lates--; copyLate(); lose(); c.write = 0;
    }
  /* The lock record becomes an old one again, in which this process holds. */
  :: d_step {
      regressions > 0 && c.r > 0 && epoch > 1 ->
      printf("record: becomes an old one of process %d\n", i);
      regressions--;
      forgetLock();
      epoch = 1; holder = i; holderR = 1;
    }
  od;
}
