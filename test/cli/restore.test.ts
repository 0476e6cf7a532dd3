import type { Holdfast } from '../../client/index.js'
import { CliStack, type Shop } from './cli-stack.js'
import { ageLocks, copyTable, deleteRecords } from './copied-table.js'
import { CountingLoad } from './counting-load.js'
import { inPipe, inProcess, jsonOf, startInTerminal } from './programs.js'
import { ADOPT, FAILED, LS, matches } from './shapes.js'

const MINUTES_AGO_MS = 120_000
const TIMEOUT_MS = 120_000

const suite = new CliStack()

const make = (client: Holdfast<Shop>, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => client.create({ secret: 'x', count: 0 })))

/** Which of these users are logged in. */
const loggedIn = (client: Holdfast<Shop>, ids: readonly string[]): Promise<boolean[]> =>
  Promise.all(ids.map(async (id) => (await client.peek(id)) !== undefined))

const adopt = async (copy: string, ...args: string[]) => {
  const ended = await inPipe(['adopt', copy, '--yes', '--json', ...args], { env: suite.env })
  expect([ended.code, ended.err]).toEqual([0, ''])
  return matches(ADOPT, jsonOf(ended))
}

const all = (count: number, value: boolean): boolean[] => Array.from({ length: count }, () => value)

test(
  'back up, log out, lose, adopt, under load: nobody is logged in again, unless it is said',
  async () => {
    const { admin, stack } = suite
    const { sessionsTable } = stack.config
    const [first, second] = [suite.client('web-1'), suite.client('web-2')]
    const [idle, leaving, gone, moving, busy] = [
      await make(first, 5),
      await make(first, 4),
      await make(first, 3),
      await make(first, 2),
      await make(first, 3),
    ]
    const key = (id: string): string => first.session(id).key
    await Promise.all([...idle, ...leaving, ...gone, ...moving, ...busy].map((id) => first.release(id)))
    await ageLocks(admin, stack.locksTable, MINUTES_AGO_MS)

    const load = new CountingLoad([first, second], busy)
    await load.goesOn()
    const backupAt = new Date().toISOString()
    await copyTable(admin, sessionsTable, 'Restored')
    const time = ['--backup-at', backupAt]
    await Promise.all([...leaving, ...gone].map((id) => second.destroy(id)))
    const moved = await Promise.all(moving.map((id) => second.rotate(id)))
    const born = await make(second, 2)
    // What has ended a day ago has no tombstone any more, and an accident has taken sessions that nobody uses.
    await deleteRecords(admin, sessionsTable, [...gone, ...idle].map(key))
    expect(await loggedIn(first, [...idle, ...leaving, ...gone, ...moving])).toEqual(all(14, false))

    const planned = await adopt('Restored', ...time, '--dry-run')
    const counts = { taken: 5, ended: 6, unproven: 3, living: 3, over: 0, changed: 0, unreadable: 0 }
    expect(planned).toMatchObject({ dryRun: true, counts, incarnation: null })
    expect(await loggedIn(first, idle)).toEqual(all(5, false))
    expect(await adopt('Restored', ...time)).toMatchObject({ dryRun: false, counts, incarnation: null })
    expect(await loggedIn(first, idle)).toEqual(all(5, true))
    expect(await loggedIn(second, [...leaving, ...gone, ...moving])).toEqual(all(9, false))
    expect(await loggedIn(second, [...moved, ...born])).toEqual(all(4, true))
    const [used = ''] = idle
    expect(await second.access(used, { write: ['count'] }, ({ state }) => (state.count = (state.count ?? 0) + 1))).toBe(
      1,
    )

    const revived = await adopt('Restored', ...time, '--revive')
    expect(revived.counts).toEqual({ ...counts, taken: 9, ended: 0, unproven: 0, living: 8 })
    expect(revived.incarnation).toBeGreaterThan(Date.parse(backupAt))
    expect(await loggedIn(first, [...leaving, ...gone, ...moving])).toEqual(all(9, true))
    expect(await first.access(leaving[0] ?? '', { read: ['secret'] }, ({ state }) => state.secret)).toBe('x')

    await load.goesOn()
    await load.stop()
    for (const id of busy) {
      const count = await second.access(id, { read: ['count'] }, ({ state }) => state.count ?? 0)
      const acknowledged = load.acknowledged.get(id) ?? 0
      expect(count).toBeGreaterThanOrEqual(acknowledged)
      expect(count).toBeLessThanOrEqual(acknowledged + (load.unknown.get(id) ?? 0))
    }

    const [rolled = ''] = busy
    const before = await adopt('Restored', ...time, '--roll-back')
    expect(before.counts.taken).toBeGreaterThanOrEqual(3)
    // One that has not held it: others may read what they hold until they have heard of the incarnation.
    const restored = await suite.client('web-3').access(rolled, { read: ['count'] }, ({ state }) => state.count ?? 0)
    expect(restored).toBeLessThan(load.acknowledged.get(rolled) ?? 0)
    expect(await loggedIn(first, [...moved, ...born])).toEqual(all(4, true))
  },
  TIMEOUT_MS,
)

test(
  'evictions, incarnations and an emptied Locks table under load: the counts add up',
  async () => {
    const { env } = suite
    const clients = ['load-1', 'load-2', 'load-3'].map((label) => suite.client(label))
    const ids = await make(clients[0] as Holdfast<Shop>, 3)
    const load = new CountingLoad(clients, ids)
    const disturb = async (...args: string[]) => {
      await load.goesOn()
      expect(await inProcess([...args, '--yes'], { env })).toMatchObject({ code: 0 })
    }
    await load.goesOn()
    for (const label of ['load-1', 'load-2']) {
      const { processes } = matches(LS, jsonOf(await inProcess(['ls', '--json'], { env })))
      const process = processes.find((one) => one.label === label && one.leaseLeftMs > 0)?.process ?? ''
      expect(await inProcess(['evict', '--yes', '--', process], { env })).toMatchObject({ code: 0 })
    }
    await disturb('incarnation', 'next')
    await disturb('locks', 'empty')
    await disturb('release', clients[0]?.session(ids[0] ?? '').key ?? '')
    await load.goesOn()
    await load.stop()
    for (const id of ids) {
      const count = (await clients[1]?.access(id, { read: ['count'] }, ({ state }) => state.count ?? 0)) ?? 0
      const acknowledged = load.acknowledged.get(id) ?? 0
      expect([count >= acknowledged, count <= acknowledged + (load.unknown.get(id) ?? 0)]).toEqual([true, true])
    }
  },
  TIMEOUT_MS,
)

test('adopt counts, asks, and refuses what cannot be right', async () => {
  const { env, admin, stack } = suite
  const { sessionsTable } = stack.config
  await copyTable(admin, sessionsTable, 'Restored-2')
  const screen = startInTerminal(['adopt', 'Restored-2', '--backup-at', '2026-01-01T00:00:00Z'], { env })
  await screen.shows('Adopt them?')
  expect(screen.out).toMatch(/\d+ +live, and stay as they are/)
  screen.child.stdin?.write('n\n')
  expect((await screen.ended).code).toBe(4)
  screen.child.stdin?.end()
  const text = await inPipe(['adopt', 'Restored-2', '--revive', '--yes'], { env })
  expect(text).toMatchObject({ code: 0, out: expect.stringContaining('taken from the copy') })
  for (const [args, code, name] of [
    [[sessionsTable, '--revive'], 2, 'USAGE'],
    [['Restored-2'], 2, 'USAGE'],
    [['Restored-3', '--revive'], 1, 'TABLE_MISSING'],
  ] as const) {
    const refused = await inProcess(['adopt', ...args, '--yes', '--json'], { env })
    expect([refused.code, matches(FAILED, jsonOf(refused)).error.code]).toEqual([code, name])
  }
  for (const time of ['yesterday', '2026-01-01', '2999-01-01T00:00:00Z']) {
    expect((await inProcess(['adopt', 'Restored-2', '--backup-at', time], { env })).code).toBe(2)
  }
})
