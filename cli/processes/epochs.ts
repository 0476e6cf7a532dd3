/** Tells whether this process had a session when an access to it began: the epoch rises with every grant. */
export class Epochs {
  private readonly epochs = new Map<string, number>()

  /** Call it when an access begins, and what it returns inside the access. */
  begin(id: string): (epoch: number) => boolean {
    const before = this.epochs.get(id)
    return (epoch) => {
      this.epochs.set(id, epoch)
      return epoch === before
    }
  }
}
