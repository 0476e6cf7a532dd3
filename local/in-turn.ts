/** Runs the starts and stops of one part one after the other. Two at once would leave a process or a port behind. */
export class InTurn {
  private last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work)
    this.last = done.catch(() => {})
    return done
  }
}
