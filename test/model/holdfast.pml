/*
 * One session, N processes: the protocol of docs/internals/protocol.md with the steps of functions/ and client/, every order of
 * them, and faults within budgets. `npm run model` checks the configurations of configurations.mjs.
 */

#include "record.pml"
#include "functions.pml"
#include "client.pml"

/* Nobody waits who lives; where nothing was lost, the lock is free and its queue empty. */
#define isServed(q) (life[q] != ALIVE || (!client[q].pending && client[q].left == 0 && client[q].state != ASKING))
#if N == 2
#define isEverybodyServed (isServed(0) && isServed(1))
#elif N == 3
#define isEverybodyServed (isServed(0) && isServed(1) && isServed(2))
#else
#define isEverybodyServed (isServed(0) && isServed(1) && isServed(2) && isServed(3))
#endif
#define settled (isEverybodyServed && (!FREE_AT_END || (holder == NOBODY && waiting == 0)))

proctype World() {
end:
  do
  :: d_step { busyUntil == 1 && !believes(holder) -> busyUntil = 2 }
  :: d_step {
      late ->
      land(lateP, lateR, lateK, lateEpoch, lateValue);
      late = false; lateP = 0; lateR = 0; lateK = 0; lateEpoch = 0; lateValue = 0;
    }
#if RESTORES
  :: d_step { restores > 0 && !isCopied -> copyState() }
  :: d_step { restores > 0 && isCopied -> restores--; restoreState() }
#endif
  :: d_step { regressions > 0 && epoch > 0 -> regressions--; forgetLock() }
#if !LIVENESS
  /* Nothing can happen any more. */
  :: timeout -> assert(settled); break;                             /* settles */
#endif
  od;
}

init {
  atomic {
    byte q;
#if SLEEPS
    life[N - 1] = UNBORN;
    client[N - 1].left = 0;
#endif
    for (q : 0 .. N - 1) { run Process(q) }
    for (q : 0 .. SLOTS - 1) { run Function(q) };
    run World();
    q = 0;
  }
}

#if LIVENESS
ltl settles { <> settled };
#endif
