import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countConsumption } from '../../bench/mix/counted.js'
import { costsOf, type Load, unitsOf } from '../../cli/cost/model.js'
import { OWN_PRICES } from '../../cli/cost/price-file.js'
import { inPipe, inProcess, inTerminal, jsonOf } from './programs.js'
import { COST, matches } from './shapes.js'

const MILLION = 1_000_000
const LOAD: Load = {
  processes: 0,
  accesses: MILLION,
  writeShare: 0,
  handoffShare: 0,
  visits: 0,
  sizeKb: 1,
  durability: 'access',
  changesPerWrite: 5,
  leaseMs: 15_000,
  idleShare: 0,
  peak: 5,
}
const { prices } = OWN_PRICES
const dollarsOf = (changes: Partial<Load>): number => costsOf({ ...LOAD, ...changes }, prices).dollars

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-cost-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what a handoff, a change and a heartbeat take is what the real client and functions take', async () => {
  const { kept, handedOver, idleHour } = await countConsumption()
  const { changes, handoffs, heartbeats } = unitsOf(1)
  expect(kept).toEqual(changes)
  // The functions remember processes: they read fewer records than they may have to.
  const { readUnits, functionReads, writeUnits, ...rest } = handoffs
  const { readUnits: counted, functionReads: read, writeUnits: written, ...others } = handedOver
  expect(others).toEqual(rest)
  expect(written).toBe(writeUnits + changes.writeUnits)
  expect([counted <= readUnits, read <= functionReads]).toEqual([true, true])
  const hour = costsOf({ ...LOAD, processes: 1, accesses: 0 }, prices).lines.find(({ name }) => name === 'heartbeats')
  expect(idleHour.writeUnits / heartbeats.writeUnits).toBeCloseTo((hour?.count ?? 0) / 730, -2)
})

test('a process that sleeps costs no renewals, and the connections that the real client opens', async () => {
  const { sleepingHour } = await countConsumption()
  const lineOf = (idleShare: number, line: string) =>
    costsOf({ ...LOAD, processes: 2, accesses: 0, idleShare }, prices).lines.find(({ name }) => name === line)
  expect(lineOf(0.75, 'heartbeats')?.count).toBeCloseTo((lineOf(0, 'heartbeats')?.count ?? 0) / 4, 3)
  expect(lineOf(1, 'heartbeats')?.dollars).toBe(0)
  expect(lineOf(0, 'sleep')?.count).toBe(0)
  const asleep = lineOf(1, 'sleep')
  const connectionsPerHour = (asleep?.count ?? 0) / 2 / 730
  expect(Math.abs(connectionsPerHour - sleepingHour.connections)).toBeLessThanOrEqual(2)
  expect(asleep?.dynamoDb).toBeCloseTo((asleep?.count ?? 0) * 2 * prices.writeUnit.dollars, 9)
  const renewing = lineOf(0, 'heartbeats')?.dollars ?? 0
  expect(asleep?.dollars).toBeLessThan(renewing / 10)
})

test('larger sessions cost more writes, and write-back fewer', () => {
  expect(dollarsOf({ writeShare: 1 })).toBeCloseTo(0.625, 3)
  expect(dollarsOf({ writeShare: 1, sizeKb: 3.1 })).toBeCloseTo(4 * 0.625, 3)
  expect(dollarsOf({ writeShare: 1, durability: 'release' })).toBeCloseTo(0.125, 3)
})

test('each bill is the sum of its lines, and of its services', () => {
  const load = { ...LOAD, processes: 3, writeShare: 0.5, handoffShare: 0.1, visits: 9_000, sizeKb: 7 }
  const { lines, byService, dollars } = costsOf(load, prices)
  expect(lines.reduce((sum, line) => sum + line.dollars, 0)).toBeCloseTo(dollars, 9)
  expect(byService.dynamoDb + byService.apiGateway + byService.lambda).toBeCloseTo(dollars, 9)
})

test('at the break-even both cost the same', () => {
  const load = { ...LOAD, processes: 4, writeShare: 0.2, handoffShare: 0.01 }
  const [dynamo, redis] = costsOf(load, prices).comparisons
  for (const accesses of [dynamo?.breakEvenAccesses, redis?.breakEvenAccesses]) expect(accesses).toBeGreaterThan(0)
  const there = costsOf({ ...load, accesses: dynamo?.breakEvenAccesses ?? 0 }, prices)
  expect(there.comparisons[0]?.dollars).toBeCloseTo(there.dollars, 2)
  expect(dollarsOf({ ...load, accesses: redis?.breakEvenAccesses ?? 0 })).toBeCloseTo(redis?.dollars ?? 0, 2)
  const always = costsOf({ ...load, handoffShare: 1 }, prices).comparisons
  expect(always[0]).toMatchObject({ breakEvenAccesses: null, cheaper: 'other' })
})

test('the quota that is reached first comes first', () => {
  const busy = costsOf({ ...LOAD, accesses: 3_000 * MILLION, handoffShare: 1 }, prices)
  expect(busy.quotas[0]).toMatchObject({ name: expect.stringContaining('messages'), share: expect.any(Number) })
  expect(busy.quotas[0]?.share).toBeGreaterThan(1)
  const shares = busy.quotas.map(({ share }) => share)
  expect(shares).toEqual(shares.toSorted((a, b) => b - a))
})

test('it prints a bill in a terminal, in a pipe and as JSON', async () => {
  const args = ['cost', '--accesses', '50M', '--handoffs', '0.02', '--durability', 'release']
  const [screen, pipe, json] = await Promise.all([inTerminal(args), inPipe(args), inPipe([...args, '--json'])])
  expect([screen.code, pipe.code, json.code, pipe.err]).toEqual([0, 0, 0, ''])
  expect([screen.out.includes('\x1b['), pipe.out.includes('\x1b[')]).toEqual([true, false])
  expect(matches(COST, jsonOf(json)).load).toMatchObject({ accesses: 50 * MILLION, visits: 2.5 * MILLION })
  for (const words of ['heartbeats', 'connect-dynamodb', 'Redis', 'reached first', OWN_PRICES.date]) {
    expect(pipe.out).toContain(words)
  }
})

test('other prices replace its own, and must be whole', async () => {
  const printed = await inProcess(['cost', '--print-prices'])
  const own = jsonOf(printed) as typeof OWN_PRICES
  const file = join(folder, 'prices.json')
  const writeUnit = { ...own.prices.writeUnit, dollars: 2 * own.prices.writeUnit.dollars }
  writeFileSync(file, JSON.stringify({ ...own, region: 'eu-1', prices: { ...own.prices, writeUnit } }))
  const bill = async (...args: string[]) => matches(COST, jsonOf(await inProcess(['cost', '--json', ...args])))
  const [before, after] = [await bill(), await bill('--prices', file)]
  const changes = ({ lines }: typeof before) => lines.find(({ name }) => name === 'changes')?.dollars
  expect([after.prices.region, changes(after)]).toEqual(['eu-1', 2 * (changes(before) ?? 0)])
  writeFileSync(file, JSON.stringify({ ...own, prices: { ...own.prices, functionCall: { dollars: '1' } } }))
  const refused = await inProcess(['cost', '--prices', file])
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('prices.functionCall.dollars')])
})

test.each(['--accesses=many', '--handoffs=2', '--idle-share=1.5', '--size=0', '--durability=never', '--peak=0.5'])(
  '%s is refused',
  async (arg) => {
    expect(await inProcess(['cost', arg])).toMatchObject({ code: 2, out: '' })
  },
)
