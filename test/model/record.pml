/* What the tables hold, and what must be true of it. The words are those of docs/internals/protocol.md. */

#define NOBODY N

mtype = { ASKING, HELD, RELEASING };    /* 0 is a client that neither holds nor asks */
mtype = { SENT, LANDED, REFUSED };       /* 0 is no write under way */
mtype = { ALIVE, DEAF, EVICTED, EXPIRED, OVER, UNBORN };

/* The lock record. A missing record reads like a free one of epoch 0: a clock that tells nothing. */
byte epoch, holder = NOBODY, holderR;
byte waiterP[N], waiterR[N], waiting;
bool isAsked;                                  /* askedAt is set; only an eviction asks for it */
byte busyUntil;                                /* 0 unset, 1 running, 2 over by the store's clock */

/*
 * The process records. EXPIRED: the process knows that its lease is over. OVER: the store knows it, too. UNBORN: where a
 * process sleeps, the last id is the one under which it wakes.
 */
mtype life[N] = ALIVE;
byte noted[N];                                 /* the epoch of the ask that the next renewal carries */

/* The primary state: a counter. A commitId is the process, its request and the number of the write in that hold. */
byte fence, value;
byte idP = NOBODY, idR, idK;
/* Every commit adds one, so the counter is the number of commits, too. */
#define rev value

/* A copy of the primary state, which may be put back later. */
#if RESTORES
bool isCopied;
byte oldFence, oldValue, oldP, oldR, oldK;
#endif

/* What clients have been told, and have tried: for the properties alone. */
byte acknowledged, attempted;

typedef Client {
  mtype state;
  byte r;                                      /* the last request */
  byte epoch;                                  /* of the grant that is held or being released */
  byte above;                                  /* the fence that refused a claim */
  byte left = WANTS;                                   /* accesses still to come */
  bool pending;                                /* an access waits or runs */
  bool wanted;                                 /* somebody else waits: let nobody new in */
  bool isLost;                                 /* held no more, whatever the record says: no cached value is used */
  bool saidBusy;
  mtype write;
  byte k;                                      /* the write's number in this hold: 0 is the claim */
  byte value;                                  /* as cached, with what is being committed */
  byte accepted;                               /* the r of the last grant accepted: for a property alone */
}
Client client[N];

/* A copy of a write to the primary state that is still on its way when its sender has gone on. */
bool late;
byte lateP, lateR, lateK, lateEpoch, lateValue;

/* Budgets of faults. */
byte deaths = DEATHS, deafs = DEAFS, losses = LOSSES, copies = COPIES, lates = LATES, cancels = CANCELS,
  busies = BUSIES, regressions = REGRESSIONS, restores = RESTORES;

/* Scratch of one atomic step; no part of the state. */
hidden byte j, l, found;
hidden mtype outcome;

#define believes(q) (client[q].state == HELD && !client[q].isLost)
#define isOpen(q) (believes(q) && (client[q].k > 0 || client[q].write == 0))
/* A lock record that fell behind cannot say who holds. Then the fence alone protects, and writes alone. */
#define isRecordTrue (REGRESSIONS == 0)
/* A state that was put back is not what its holder has cached. Then only the order of the writes is sure. */
#define isStateTrue (isRecordTrue && RESTORES == 0)

/* After every write to the lock record. */
inline checkLock() {
  for (j : 0 .. N - 1) {
    assert(!isRecordTrue || !believes(j) || (holder == j && epoch == client[j].epoch)); /* not-taken-from-a-believer */
    if
    :: j < waiting ->
      assert(waiterP[j] != holder);                                 /* queued-once */
      for (l : 0 .. N - 1) { assert(l >= j || waiterP[l] != waiterP[j]) };  /* queued-once */
    :: else -> skip;
    fi;
  }
  assert(holder != NOBODY || waiting == 0);                         /* free-without-waiters */
}

inline removeWaiter(index) {
  waiting--;
  for (j : 0 .. N - 2) {
    if
    :: j >= index -> waiterP[j] = waiterP[j + 1]; waiterR[j] = waiterR[j + 1];
    :: else -> skip;
    fi;
  }
  waiterP[N - 1] = 0;
  waiterR[N - 1] = 0;
}

inline forgetLock() {
  for (j : 0 .. N - 1) { waiterP[j] = 0; waiterR[j] = 0 };
  epoch = 0; holder = NOBODY; holderR = 0; isAsked = false; busyUntil = 0; waiting = 0;
}

/* A new holder, or the same one anew. Nobody may pass a queue but a holder whose epoch is raised in its place. */
inline grantTo(who, newR, newEpoch, mayPass) {
  assert(newEpoch > epoch);                                         /* epochs-rise */
  assert(mayPass || waiting == 0);                                  /* nobody-passes-the-queue */
  holder = who;
  holderR = newR;
  epoch = newEpoch;
  isAsked = isAsked && mayPass;
  busyUntil = 0;
  checkLock();
}

/* Release and reclaim: to the first waiter, or to nobody. */
inline handOver() {
  if
  :: waiting > 0 ->
    holder = waiterP[0];
    holderR = waiterR[0];
    removeWaiter(0);
  :: else ->
    holder = NOBODY;
    holderR = 0;
  fi;
  epoch++;
  isAsked = false;
  busyUntil = 0;
  checkLock();
}

#if RESTORES
inline copyState() {
  isCopied = true; oldFence = fence; oldValue = value; oldP = idP; oldR = idR; oldK = idK;
}

inline restoreState() {
  printf("state: is put back from fence %d to %d\n", fence, oldFence);
  fence = oldFence; value = oldValue; idP = oldP; idR = oldR; idK = oldK;
  isCopied = false; oldFence = 0; oldValue = 0; oldP = 0; oldR = 0; oldK = 0;
}
#endif

/* A claim (k = 0) or a commit reaches the primary state. Its answer is `outcome`. */
inline land(who, theR, theK, theEpoch, newValue) {
  printf("state: write %d of process %d under epoch %d, fence %d\n", theK, who, theEpoch, fence);
  if
  :: theK == 0 && fence < theEpoch ->
    assert(theEpoch > fence);                                       /* fences-rise */
    fence = theEpoch; idP = who; idR = theR; idK = 0;
    outcome = LANDED;
  :: theK > 0 && fence == theEpoch && idP == who && idR == theR && idK == theK - 1 && rev == newValue - 1 ->
    assert(fence == theEpoch && newValue == value + 1);             /* no-lost-update */
    value = newValue; idK = theK;
    outcome = LANDED;
  :: else ->
    outcome = (fence == theEpoch && idP == who && idR == theR && idK == theK -> LANDED : REFUSED);
  fi;
  for (j : 0 .. N - 1) {
    assert(!isStateTrue || j == who || outcome == REFUSED || !isOpen(j));    /* no-stale-reader */
  }
  assert((RESTORES || acknowledged <= value) && value <= attempted);              /* counter-adds-up */
}
