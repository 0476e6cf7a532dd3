import { Gate } from '../../support/counting.js'
import { Either, THREADS } from './either.js'
import { arrive } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

const ID = 'an id'

describe.each(THREADS)('an access in the %s thread', (of) => {
  let either: Either
  beforeEach(() => {
    either = new Either(of)
  })
  afterEach(() => either.close())

  it('is told when the one before it ended, whatever ends meanwhile, also nested and after a rotation', async () => {
    const main = either.main()
    const client = of === 'main' ? main : either.threadOf(main)
    await either.finish(main.create({ a: 1 }, { id: ID }))
    const beforeMs = either.world.clock.wallMs()
    await either.world.clock.advance(60_000)
    const told: Date[] = []
    const gate = new Gate()
    const access = client.access(ID, { read: ['a'] }, async (session) => {
      told.push(session.lastAccessAt)
      await gate.passed
      await client.access(ID, { read: ['a'] }, ({ lastAccessAt }) => told.push(lastAccessAt))
      await session.lock('all')
      told.push(session.lastAccessAt)
      const id = await session.rotate()
      told.push(session.lastAccessAt)
      await client.access(id, 'all', ({ lastAccessAt }) => told.push(lastAccessAt))
    })
    await either.world.clock.advance(100)
    await arrive()
    await either.finish(main.access(ID, { read: ['a'] }, () => {}))
    gate.open()
    await either.finish(access)
    expect(told).toHaveLength(5)
    for (const at of told) expect(Math.abs(at.getTime() - beforeMs)).toBeLessThan(1_000)
  })
})
