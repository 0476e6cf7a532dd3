import { startNextIncarnation } from '../../operator/start-next-incarnation.js'
import { compileTiming } from '../../protocol/timing.js'
import { TIMING } from '../torture/timing.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { AppProcess } from './processes.js'
import { FUNCTIONS, TwoVersions, type Version } from './two-versions.js'

/** The time for an answer follows from the others. */
const { answerTimeoutMs: _, ...SHORT_TIMES } = TIMING

const KEPT: Version = { code: 'kept', timing: TIMING }
const PRESENT: Version = { code: 'present', timing: TIMING }
const PRESENT_WITH_LONGER_TIMES: Version = {
  code: 'present',
  timing: compileTiming({ ...SHORT_TIMES, leaseMs: 6_000, maxBusyMs: 6_000 }),
}
/** Increments of each client after a function was replaced. */
const INCREMENTS = 4

interface Counts {
  readonly acknowledged: number
  readonly own: number
  readonly unknown: number
  readonly errors: { readonly [code: string]: number }
}

describe('a stack that is deployed while clients of two versions use it', () => {
  const versions = new TwoVersions(KEPT)
  const suite = new LocalStackSuite<{ count: number }>({ assembly: versions.assembly })
  afterAll(() => versions.remove())

  const start = (label: string, module: string) => new AppProcess(suite.stack, 'rolling-client.mjs', { label, module })
  /** Each client goes on with the counter that all share. */
  const goOn = (clients: readonly AppProcess[]) =>
    Promise.all(
      clients.map((client) => {
        const done = client.messages.filter(({ event }) => event === 'acknowledged').length
        return client.waitFor(({ event, count }) => event === 'acknowledged' && (count as number) >= done + INCREMENTS)
      }),
    )

  it('counts every increment and ends no process, from the version before to the present one and back', async () => {
    const clients = { kept: start('kept', versions.keptClient), present: start('present', 'holdfast') }
    const both = [clients.kept, clients.present]
    await goOn(both)
    for (const version of [PRESENT, KEPT, PRESENT]) {
      for (const name of FUNCTIONS) {
        versions.deploy(name, version)
        await goOn(both)
      }
    }
    expect(await suite.tables.processes()).toEqual(['kept', 'present'])
    const kept = (await clients.kept.command('stop')).value as Counts

    // Functions with other times, and in the midst of that another incarnation.
    const ended = clients.present.waitFor(({ event, reason }) => event === 'lost' && reason === 'evicted')
    versions.deploy('connection', PRESENT_WITH_LONGER_TIMES)
    await startNextIncarnation(suite.tables.locks())
    for (const name of ['release', 'grant'] as const) {
      versions.deploy(name, PRESENT_WITH_LONGER_TIMES)
      await goOn([clients.present])
    }
    await ended
    await goOn([clients.present])
    const present = (await clients.present.command('stop')).value as Counts
    expect(await suite.tables.processes()).toEqual(['kept', 'present', 'present'])

    expect(kept.errors).toEqual({})
    expect(Object.keys(present.errors).filter((code) => code !== 'SESSION_LOST evicted')).toEqual([])
    const client = suite.client()
    const countOf = async (id: string) => (await client.peek(id))?.state.count
    expect(await countOf('shared')).toBe(kept.acknowledged + present.acknowledged)
    expect(await countOf('of kept')).toBe(kept.own)
    expect(await countOf('of present')).toBe(present.own)
  }, 120_000)
})
