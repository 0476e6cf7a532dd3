import type * as fc from 'fast-check'

/** Decides when what is under way happens: by fast-check's scheduler, or at once when all is to come to rest. */
export class Order {
  /** Nothing is held back any more. */
  isCalm = false
  private steps = 0

  constructor(
    private readonly scheduler: fc.Scheduler,
    private readonly pace: readonly number[],
    /** Called whenever only what the scheduler holds back can go on. */
    private readonly onPause: () => void,
  ) {}

  /** Resolves when its turn has come. */
  turn(label: string): Promise<void> {
    return this.isCalm ? Promise.resolve() : this.scheduler.schedule(Promise.resolve(), label)
  }

  happen(label: string, event: () => void): void {
    void this.turn(label).then(event)
  }

  /** Lets things happen, one after the other or nearly at once, until nothing more is under way. */
  async run(isOver: () => boolean): Promise<void> {
    while (this.scheduler.count() > 0 && !isOver()) {
      // waitNext would let promises settle first: how far they may, the pace says.
      // oxlint-disable-next-line typescript/no-deprecated
      await this.scheduler.waitOne()
      const pause = this.pace[this.steps % Math.max(1, this.pace.length)] ?? 0
      this.steps += 1
      for (let turn = 0; turn < pause; turn += 1) await Promise.resolve()
      if (pause > 0 && this.scheduler.count() > 0) continue
      await drained()
      this.onPause()
    }
  }

  /** From now on everything happens at once, and what was under way does so now. */
  async calm(): Promise<void> {
    this.isCalm = true
    while (this.scheduler.count() > 0) await this.scheduler.waitNext(1)
    await drained()
  }
}

/** All callbacks of promises run before the next turn of the loop: nothing in these tests waits for real time. */
const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
