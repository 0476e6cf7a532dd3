import { LocalStartError } from '../errors.js'
import { InTurn } from '../in-turn.js'
import { answering } from './answering.js'
import { type Database, newKey } from './database.js'

const ANSWER_TIMEOUT_MS = 5_000

/** A DynamoDB Local that somebody else has started. To stop it is to be cut off from it. */
export class RunningDynamoDb implements Database {
  readonly accessKeyId = newKey()
  readonly outlivesStack = true
  private readonly turns = new InTurn()
  private isReached = false

  constructor(private readonly address: string) {}

  get endpoint(): string {
    if (!this.isReached) throw new Error('this stack is cut off from DynamoDB Local')
    return this.address
  }

  start(): Promise<void> {
    return this.turns.run(() => this.reach())
  }

  stop(): Promise<void> {
    return this.turns.run(async () => {
      this.isReached = false
    })
  }

  private async reach(): Promise<void> {
    await answering(this.address, ANSWER_TIMEOUT_MS).catch((cause: unknown) => {
      const advice = "start one there, or leave out the option 'dynamoDbLocal'"
      throw new LocalStartError(`no DynamoDB Local answers at ${this.address}: ${advice}`, cause)
    })
    this.isReached = true
  }
}
