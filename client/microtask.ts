const throwUncaught = (error: unknown): void => {
  queueMicrotask(() => {
    throw error
  })
}

/**
 * Runs this when the microtasks that wait already have run. What it throws is an uncaught exception. Not `queueMicrotask`:
 * the fake timers of test runners replace that, and what is done here must not wait for them.
 */
export function soon(run: () => void): void {
  Promise.resolve().then(run).catch(throwUncaught)
}
