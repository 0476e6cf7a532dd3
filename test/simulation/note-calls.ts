import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import { WorkerSession } from '../../client/worker/session.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import { NOTES, type Note, REFUSED_NOTE, type State } from './attributes.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

type Notes = { [N in Note]?: string | undefined }

/** Few, so that a note often has again a value that it had before. */
const VALUES = ['p', 'q', 'r', undefined]

/** What one access has written, and what came of it. */
interface Written {
  /** The notes as the access leaves them. */
  now: Notes
  /** The notes as the last commit that has landed found them, and its number. */
  landed: Notes
  landedAs: number
  readonly commits: Promise<void>[]
  isAnyUnknown: boolean
}

/**
 * Accesses that change few attributes again and again, and commit them while earlier commits are under way, of which the
 * schema refuses some. Each has a session of its own, so that it is known what must be stored.
 */
export class NoteCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  async write(): Promise<void> {
    const { history, inside, random, server } = this
    const id = `notes ${server.token()}`
    const key = server.keyOf(id)
    let before: Notes = {}
    for (let rounds = random.integer(1, 2); rounds > 0; rounds -= 1) {
      const written: Written = { now: { ...before }, landed: before, landedAs: 0, commits: [], isAnyUnknown: false }
      const failed = random.chance(0.3) ? new Error('as the application says') : undefined
      const failure = await this.writeOnce(id, written, failed)
      const isUnknown = written.isAnyUnknown || (failure as HoldfastError | undefined)?.effect === 'unknown'
      const found = isUnknown ? undefined : await this.read(id)
      // Its life may have ended, or its table may have been restored.
      if (found !== undefined && history.sessions.restorationsOf(key) === 0) {
        const expected = failure === undefined ? written.now : written.landed
        for (const note of NOTES) {
          if (found[note] !== expected[note])
            history.violate('14', `${note} is '${found[note]}' and was to be '${expected[note]}'`)
        }
        inside.executed.hit('notes')
      }
      if (failure !== undefined && failure !== failed) throw failure
      if (found === undefined) return
      before = found
    }
  }

  /** Returns the error of the access. */
  private async writeOnce(id: string, written: Written, failed: Error | undefined): Promise<unknown> {
    const { inside } = this
    const work = async (session: ListSession) => {
      const stopUsing = inside.begin(id, session)
      // Its life may have ended since the round before.
      if (session.isNew) Object.assign(written, { now: {}, landed: {} })
      try {
        if (session instanceof WorkerSession) inside.executed.hit('worker commits notes')
        await this.change(session, written)
      } finally {
        stopUsing()
      }
      if (failed !== undefined) throw failed
    }
    const options = { durability: 'access', ifMissing: 'create', timeoutMs: this.workload.longWaitMs } as const
    const outcome = await this.client
      .access(id, 'all', (session) => work(session as ListSession), options)
      .catch((error: unknown) => error)
    await Promise.all(written.commits)
    return outcome
  }

  private async change(session: ListSession, written: Written): Promise<void> {
    const { inside, random, server } = this
    for (let steps = random.integer(2, 7); steps > 0; steps -= 1) {
      const isBad = inside.isPresent && random.chance(0.3)
      this.set(session, written, random.pick(NOTES), isBad ? REFUSED_NOTE : random.pick(VALUES))
      if (random.chance(0.6)) {
        const committed = this.commit(session, written)
        written.commits.push(committed)
        if (random.chance(0.3)) await committed
      }
      if (random.chance(0.4)) await server.sleep(random.between(0, this.workload.workMs))
    }
    for (const note of NOTES) {
      if (written.now[note] === REFUSED_NOTE) this.set(session, written, note, random.pick(VALUES))
    }
  }

  private set(session: ListSession, { now }: Written, note: Note, value: string | undefined): void {
    if (value === undefined) {
      session.delete(note)
      delete now[note]
    } else {
      session.state[note] = value
      now[note] = value
    }
  }

  private async commit(session: ListSession, written: Written): Promise<void> {
    const { commits } = written
    const as = commits.length + 1
    const now = { ...written.now }
    try {
      await session.commit()
      if (as > written.landedAs) Object.assign(written, { landed: now, landedAs: as })
      if (NOTES.some((note) => now[note] === REFUSED_NOTE))
        this.history.violate('14', 'a commit of what a schema refuses has succeeded')
    } catch (error) {
      const { code, effect } = error as HoldfastError
      if (effect !== 'none') written.isAnyUnknown = true
      if (code === 'SCHEMA_MISMATCH') this.inside.executed.hit('commit that is refused')
    }
  }

  /** What is stored, where the session is there. */
  private async read(id: string): Promise<Notes | undefined> {
    const options = { durability: 'access', ifMissing: 'fail', timeoutMs: this.workload.longWaitMs } as const
    const found = this.client.access(
      id,
      { read: NOTES },
      ({ state }) => ({ note0: state.note0, note1: state.note1 }),
      options,
    )
    return found.catch((error: HoldfastError) => {
      if (error.code === 'SESSION_MISSING') return undefined
      throw error
    })
  }
}
