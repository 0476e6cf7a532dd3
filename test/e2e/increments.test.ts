import { timesEffort } from '../support/effort.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { AppProcess } from './processes.js'
import { SHORT_ENVIRONMENT } from './timing.js'

const PROCESSES = 8
const TIMES = timesEffort(60)
const CONCURRENCY = 10
const KILLS = timesEffort(3)

/** One seat at the counter: when its process is killed, another takes over what was left to do. */
interface Seat {
  process: AppProcess
  acknowledged: number
  begun: number
  unknown: number
  failed: number
}

describe(`${PROCESSES} processes that increment one counter ${TIMES} times each while ${KILLS} holders are killed`, () => {
  const suite = new LocalStackSuite<{ count: number; mirror: number }>({ environment: SHORT_ENVIRONMENT })

  it('counts every acknowledged increment once, and no unknown one twice', async () => {
    const id = 'the one counter'
    const epochs = new Map<number, AppProcess>()
    const faults: string[] = []
    let holder: Seat | undefined
    let kills = 0
    let unknown = 0
    let acknowledged = 0

    const seats = Array.from({ length: PROCESSES }, (): Seat => {
      const seat = { acknowledged: 0, begun: 0, unknown: 0, failed: 0 } as Seat
      return seat
    })
    const start = (seat: Seat) => {
      const times = TIMES - seat.acknowledged - seat.unknown
      const process = new AppProcess(suite.stack, 'increment.mjs', { id, times, concurrency: CONCURRENCY })
      seat.process = process
      let inFlight = 0
      process.on((message) => {
        if (message.type === 'begun') inFlight += 1
        else if (message.type === 'acknowledged') {
          inFlight -= 1
          seat.acknowledged += 1
          acknowledged += 1
          // The kills are spread over the run by what was achieved, not by time.
          const due = Math.floor((acknowledged / (PROCESSES * TIMES)) * (KILLS + 1))
          if (kills < due && kills < KILLS && holder?.process.isRunning) {
            kills += 1
            holder.process.signal('SIGKILL')
          }
        } else if (message.type === 'unknown') {
          inFlight -= 1
          seat.unknown += 1
          unknown += 1
        } else if (message.type === 'failed') inFlight -= 1
        else if (message.type === 'torn') faults.push(`torn: ${JSON.stringify(message)}`)
        else if (message.type === 'granted') {
          const epoch = message.epoch as number
          if (epochs.has(epoch)) faults.push(`epoch ${epoch} was granted twice`)
          epochs.set(epoch, process)
          holder = seat
        }
      })
      return process.exited.then((): Promise<unknown> | undefined => {
        // What was under way when the process died may or may not have landed.
        seat.unknown += inFlight
        unknown += inFlight
        return seat.acknowledged + seat.unknown < TIMES ? start(seat) : undefined
      })
    }
    await Promise.all(seats.map(start))

    const peeked = await suite.client().peek(id)
    expect(faults).toEqual([])
    expect(kills).toBe(KILLS)
    expect(acknowledged + unknown).toBe(PROCESSES * TIMES)
    const count = peeked?.state.count ?? 0
    expect(count).toBeGreaterThanOrEqual(acknowledged)
    expect(count).toBeLessThanOrEqual(acknowledged + unknown)
    expect(peeked?.state.mirror).toBe(count)
  }, 900_000)
})
