// The wall clock of a server of the demo, which the inspector's page can set. A shop of your own needs none of this.

const TrueDate = Date
let aheadMs = 0

/** Sets the wall clock of this process ahead, as an operator may. Timers and the monotonic clock do not notice. */
export function setClockAhead(ms: number): void {
  aheadMs += ms
  globalThis.Date = class extends TrueDate {
    constructor(...parts: readonly unknown[]) {
      super(...((parts.length === 0 ? [TrueDate.now() + aheadMs] : parts) as []))
    }

    static override now(): number {
      return TrueDate.now() + aheadMs
    }
  } as DateConstructor
}
