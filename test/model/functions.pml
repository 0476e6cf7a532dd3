/*
 * The functions: each message is a slot that is carried from step to step. A step is one read or one conditional write,
 * with what is decided from its result; between two steps anything else may happen.
 */

mtype = { acquire, cancel, release, busy };
mtype = { granted, queued, released, lost };
mtype = { READ, GRANT, REGRANT, RAISE, GIVE, ENQUEUE, REPLACE, LOOK, NOTE, RECLAIM, DELIVER, SKIP, HANDOVER, FIND,
  DEQUEUE, EXTEND, PLAN, DONE, ANSWER };

typedef Message {
  mtype at;                               /* 0 is an empty slot */
  mtype type;
  byte p;                                      /* the sender */
  byte n;                                      /* the r, or the epoch of release and busy */
  byte above;
  bool isNudge;
  bool isSettled;                              /* acquire: the holder was dealt with. release: applied before */
  byte hp, hr, e;                              /* the seat and epoch that the next step is about, or the answer's */
  bool more;                                   /* others wait */
  mtype answer;
}

/* Each process has two, for acquire and for all else; the last is for a copy of any request, late and out of order. */
#if COPIES
#define SLOTS (2 * N + 1)
#else
#define SLOTS (2 * N)
#endif
#define acquireSlot(p) (2 * (p))
#define otherSlot(p) (2 * (p) + 1)
Message slot[SLOTS];
#define m slot[s]

/* Pushes on their way to a process, the newest of each kind: so many arrive, at any time; all others are lost. */
#define ALL 255
byte pushes = PUSHES;
byte revokeOf[N], grantOf[N], grantR[N];
bool grantMore[N];

#define isFirst(s) (m.at == GRANT || m.at == ENQUEUE || m.at == READ || m.at == HANDOVER || m.at == FIND || m.at == EXTEND)

inline clear(s) {
  m.at = 0; m.type = 0; m.p = 0; m.n = 0; m.above = 0; m.isNudge = false; m.isSettled = false;
  m.hp = 0; m.hr = 0; m.e = 0; m.more = false; m.answer = 0;
}

inline send(s, theType, sender, number, theAbove, nudge, first) {
  m.type = theType; m.p = sender; m.n = number; m.above = theAbove; m.isNudge = nudge; m.at = first;
}

/* An answer waits in its slot until the client takes it. */
inline reply(s, theAnswer) {
  if
  :: life[m.p] == ALIVE ->
    m.at = ANSWER; m.answer = theAnswer;
    if
    :: theAnswer == granted || (theAnswer == released && m.hp == m.p);
    :: else -> m.hp = NOBODY; m.hr = 0; m.e = 0; m.more = false;
    fi;
    m.above = 0; m.isNudge = false; m.isSettled = false;
  :: else -> clear(s);
  fi;
}

inline pushRevoke(who, theEpoch) {
  if
  :: pushes > 0 && life[who] == ALIVE -> revokeOf[who] = theEpoch;
  :: else -> skip;
  fi;
}

inline pushGranted(who, theR, theEpoch, others) {
  if
  :: pushes > 0 && life[who] == ALIVE -> grantOf[who] = theEpoch; grantR[who] = theR; grantMore[who] = others;
  :: else -> skip;
  fi;
}

inline countPush() {
  pushes = (pushes == ALL -> ALL : pushes - 1);
  for (j : 0 .. N - 1) {
    if
    :: pushes == 0 -> revokeOf[j] = 0; grantOf[j] = 0; grantR[j] = 0; grantMore[j] = false;
    :: else -> skip;
    fi;
  }
}

inline lookAtLock(s) { m.hp = holder; m.hr = holderR; m.e = epoch; m.more = (waiting > 0) }

inline findWaiter(who) {
  found = N;
  for (j : 0 .. N - 1) {
    if
    :: j < waiting && waiterP[j] == who -> found = j;
    :: else -> skip;
    fi;
  }
}

/* planAcquire in protocol/lock/store-decisions.ts. */
inline planAcquire(s) {
  lookAtLock(s);
  findWaiter(m.p);
  if
  :: holder == NOBODY -> m.at = GRANT;
  :: holder == m.p && holderR > m.n -> clear(s);
  :: holder == m.p && holderR == m.n -> reply(s, granted);
  :: holder == m.p && holderR < m.n && m.above > 0 && epoch <= m.above -> m.at = RAISE;
  :: holder == m.p && holderR < m.n && !(m.above > 0 && epoch <= m.above) -> m.at = (waiting == 0 -> REGRANT : GIVE);
  :: holder != NOBODY && holder != m.p && found == N -> m.at = ENQUEUE;
  :: holder != NOBODY && holder != m.p && found < N ->
    if
    :: waiterR[found] > m.n -> clear(s);
    :: waiterR[found] < m.n -> m.at = REPLACE; m.hp = found; m.hr = waiterR[found];
    :: waiterR[found] == m.n && !m.isSettled -> m.at = LOOK;
    :: waiterR[found] == m.n && m.isSettled -> reply(s, queued);
    fi;
  fi;
}

/* planCancel. */
inline planCancel(s) {
  lookAtLock(s);
  findWaiter(m.p);
  if
  :: holder == m.p && holderR <= m.n -> m.at = GIVE;
  :: else ->
    if
    :: found < N && waiterR[found] <= m.n -> m.at = DEQUEUE; m.hp = found; m.hr = waiterR[found];
    :: else -> clear(s);
    fi;
  fi;
}

/* A handoff was made, or found: its holder must be told, unless that is the sender. */
inline tell(s) {
  lookAtLock(s);
  m.at = (holder == NOBODY || holder == m.p -> DONE : DELIVER);
}

/* What the step found decides the next one, without another read. */
inline goOn(s) {
  if
  :: (m.at == PLAN || m.at == DONE) && m.type == acquire -> planAcquire(s);
  :: (m.at == PLAN || m.at == DONE) && m.type == cancel -> planCancel(s);
  :: m.at == DONE && m.type == release ->
    if
    :: m.isSettled && noted[m.p] <= m.n -> noted[m.p] = 0;
    :: else -> skip;
    fi;
    reply(s, released);
  :: else -> skip;
  fi;
}

proctype Function(byte s) {
end:
  do
  :: d_step {
      m.at != 0 && m.at != ANSWER ->
      printf("store: %e of %e %d from process %d\n", m.at, m.type, m.n, m.p);
      if
      :: m.at == READ -> m.at = PLAN;

      :: m.at == GRANT ->
        if
        :: holder == NOBODY ->
          found = (m.above >= epoch -> m.above : epoch);
          grantTo(m.p, m.n, found + 1, false);
          lookAtLock(s);
          reply(s, granted);
        :: else -> m.at = PLAN;
        fi;

      :: m.at == REGRANT ->
        if
        :: holder == m.p && holderR == m.hr && epoch == m.e && waiting == 0 ->
          grantTo(m.p, m.n, epoch + 1, false);
          lookAtLock(s);
          reply(s, granted);
        :: else -> m.at = PLAN;
        fi;

      :: m.at == RAISE ->
        if
        :: holder == m.p && holderR == m.hr && epoch == m.e ->
          grantTo(m.p, m.n, m.above + 1, true);
          lookAtLock(s);
          reply(s, granted);
        :: else -> m.at = PLAN;
        fi;

      /* On behalf of a sender that lost track of its lock, or takes its request back. */
      :: m.at == GIVE ->
        if
        :: holder == m.p && epoch == m.e -> handOver(); tell(s);
        :: else -> m.at = PLAN;
        fi;

      :: m.at == ENQUEUE ->
        findWaiter(m.p);
        if
        :: holder != NOBODY && holder != m.p && found == N ->
          waiterP[waiting] = m.p; waiterR[waiting] = m.n; waiting++;
          isAsked = (DEAFS > 0);
          checkLock();
          lookAtLock(s);
          m.at = LOOK;
        :: else -> m.at = PLAN;
        fi;

      :: m.at == REPLACE ->
        if
        :: m.hp < waiting && waiterP[m.hp] == m.p && waiterR[m.hp] == m.hr ->
          waiterR[m.hp] = m.n;
          lookAtLock(s);
          m.at = LOOK;
        :: else -> m.at = PLAN;
        fi;

      /* Reads the holder's process: ask or reclaim. */
      :: m.at == LOOK ->
        if
        :: life[m.hp] == OVER || (busyUntil == 2 && epoch == m.e) -> m.at = RECLAIM;
        :: else ->
          if
          :: m.isNudge -> m.at = NOTE;
          :: else -> pushRevoke(m.hp, m.e); reply(s, queued);
          fi;
        fi;

      /* A nudge means that a push was not enough. */
      :: m.at == NOTE ->
        if
        :: life[m.hp] == DEAF && isAsked && epoch == m.e && noted[m.hp] == m.e -> life[m.hp] = EVICTED;
        :: else -> skip;
        fi;
        isAsked = isAsked || (DEAFS > 0 && epoch == m.e && holder != NOBODY && waiting > 0);
        if
        :: noted[m.hp] < m.e && (life[m.hp] == ALIVE || life[m.hp] == DEAF) -> noted[m.hp] = m.e;
        :: else -> skip;
        fi;
        pushRevoke(m.hp, m.e);
        reply(s, queued);

      :: m.at == RECLAIM ->
        if
        :: holder == m.hp && epoch == m.e -> handOver(); m.isSettled = true; tell(s);
        :: else -> m.at = PLAN;
        fi;

      /* Reads the next holder's process: tell it, or skip it. */
      :: m.at == DELIVER ->
        if
        :: life[m.hp] == OVER -> m.at = SKIP;
        :: else -> pushGranted(m.hp, m.hr, m.e, m.more); m.at = DONE;
        fi;

      :: m.at == SKIP ->
        if
        :: holder == m.hp && epoch == m.e -> handOver(); tell(s);
        :: else -> lookAtLock(s); m.at = DONE;
        fi;

      :: m.at == HANDOVER ->
        if
        :: holder == m.p && epoch == m.n -> handOver(); tell(s);
        :: else ->
          m.isSettled = true;
          if
          :: epoch == m.n + 1 -> tell(s);
          :: else -> m.hp = NOBODY; m.at = DONE;
          fi;
        fi;

      :: m.at == FIND -> m.at = PLAN;

      :: m.at == DEQUEUE ->
        if
        :: m.hp < waiting && waiterP[m.hp] == m.p && waiterR[m.hp] == m.hr ->
          removeWaiter(m.hp);
          isAsked = isAsked && waiting > 0;
          checkLock();
        :: else -> skip;
        fi;
        m.at = PLAN;

      :: m.at == EXTEND ->
        if
        :: holder == m.p && epoch == m.n -> busyUntil = (busyUntil == 0 -> 1 : busyUntil); clear(s);
        :: else -> reply(s, lost);
        fi;
      fi;

      goOn(s);
      printf("  epoch %d, holder %d under r %d, %d wait\n", epoch, holder, holderR, waiting);
    }

  /* Instead of these two reads a function may remember a process that has ended meanwhile. It tells it in vain. */
  :: d_step {
      m.at == LOOK && !m.isNudge && (life[m.hp] == OVER || busyUntil == 2) ->
      printf("store: remembers holder %d of epoch %d\n", m.hp, m.e);
      pushRevoke(m.hp, m.e);
      reply(s, queued);
    }
  :: d_step {
      m.at == DELIVER && life[m.hp] == OVER ->
      printf("store: remembers next holder %d of epoch %d\n", m.hp, m.e);
      m.at = DONE;
      goOn(s);
    }

  /* A request or its answer is lost, or the function dies between two steps. */
  :: d_step { losses > 0 && m.at != 0 && (!ONLY_RELEASES_ARE_LOST || m.type == release) ->
      printf("lost: %e of %e %d from process %d\n", m.at, m.type, m.n, m.p);
      losses--;
      clear(s);
    };

  /* A request arrives twice, and its copy at any time. */
#if COPIES
  :: d_step {
      copies > 0 && isFirst(s) && slot[2 * N].at == 0 ->
      printf("copied: %e %d from process %d\n", m.type, m.n, m.p);
      copies--;
      send(2 * N, m.type, m.p, m.n, m.above, m.isNudge, m.at);
    }
#endif
  od;
}
