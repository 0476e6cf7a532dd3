import { Failure } from '../failure.js'

/** A question with its number, or what became of one. */
export type Message =
  | { readonly ask: number; readonly what: unknown }
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly problem: Problem }

interface Problem {
  readonly code: string
  readonly message: string
}

interface Asked {
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Failure) => void
}

/** One end of the channel between two processes. Either end asks the other. */
export class Peer {
  private count = 0
  private ended: Failure | undefined
  private readonly asked = new Map<number, Asked>()

  constructor(
    private readonly send: (message: Message) => void,
    private readonly answer: (what: unknown) => unknown,
  ) {}

  /** @throws {Failure} with the code of the error that the other end met, or that of `end`. */
  ask(what: unknown): Promise<unknown> {
    const { ended } = this
    if (ended !== undefined) return Promise.reject(ended)
    this.count += 1
    const ask = this.count
    return new Promise((resolve, reject) => {
      this.asked.set(ask, { resolve, reject })
      this.send({ ask, what })
    })
  }

  received(message: Message): void {
    if ('ask' in message) return void this.reply(message.ask, message.what)
    const asked = this.asked.get(message.answer)
    this.asked.delete(message.answer)
    if ('value' in message) asked?.resolve(message.value)
    else asked?.reject(new Failure(message.problem.code, message.problem.message, "Run 'holdfast doctor'."))
  }

  /** The other end is gone: nothing will be answered. */
  end(reason: Failure): void {
    this.ended ??= reason
    for (const { reject } of this.asked.values()) reject(this.ended)
    this.asked.clear()
  }

  private async reply(answer: number, what: unknown): Promise<void> {
    try {
      this.send({ answer, value: await this.answer(what) })
    } catch (error) {
      const { code = 'FAILED', message } = error as Partial<Problem>
      this.send({ answer, problem: { code, message: message ?? String(error) } })
    }
  }
}
