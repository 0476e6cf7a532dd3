import { replaceWaiter } from '../../protocol/lock/writes.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { Player, Stage, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const OTHER_ARN = 'arn:aws:sts::123456789012:assumed-role/Other/server-1'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})

/** A process of another role than all others. */
async function joinOther(name: string): Promise<Player> {
  const player = new Player(name)
  await stage.connect(player.connectionId, OTHER_ARN)
  const answer = await stage.hello(player, player.connectionId, 1)
  if (answer.type !== 'welcome') throw new Error(`${name} is not welcome`)
  return player
}

const crowd = (count: number, name: string, join = (one: string) => stage.join(one)): Promise<Player[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => join(`${name}${index}`)))

const ask = (player: Player, nudge: boolean, since?: number): Promise<StoreMessage> =>
  stage.send(player, {
    type: 'acquire',
    session: SESSION,
    r: 1,
    ...(nudge ? { nudge: true as const } : {}),
    ...(since === undefined ? {} : { since }),
  })

/** Lets everybody release in turn, and those without a place nudge after each. Returns who was served. */
async function served(players: readonly Player[], handoffs: number): Promise<string[]> {
  const names: string[] = []
  const byId = new Map(players.map((player) => [player.processId, player]))
  for (let turn = 0; turn < handoffs; turn += 1) {
    const holder = byId.get(stage.lock(SESSION)?.holder?.p ?? '')
    if (holder === undefined) break
    names.push(holder.name)
    await stage.release(holder, SESSION)
  }
  return names
}

describe('two principals at one session', () => {
  test('take turns, however many processes one has', async () => {
    const many = await crowd(40, 'many')
    for (const player of many) await ask(player, false)
    const few = await crowd(2, 'few', joinOther)
    for (const player of few) expect(await ask(player, false)).toMatchObject({ type: 'queued' })
    const names = await served([...many, ...few], 45)
    expect(names.slice(0, 5)).toEqual(['many0', 'few0', 'many1', 'few1', 'many2'])
    expect(names).toEqual([...names.slice(0, 4), ...many.slice(2).map(({ name }) => name)])
    expect(stage.lock(SESSION)?.holder).toBeUndefined()
  })

  test('tell a waiter how many are before it', async () => {
    for (const player of await crowd(10, 'many')) await ask(player, false)
    const [other, second] = await crowd(2, 'few', joinOther)
    expect(await ask(other as Player, false)).toMatchObject({ position: 0 })
    expect(await ask(second as Player, false)).toMatchObject({ position: 2 })
  })

  test('leave a place for each other where the queue is full', async () => {
    const many = await crowd(70, 'many')
    for (const player of many) await ask(player, false)
    // One that has waited for years, by its own word, has the last place of its own principal alone.
    for (const player of many) await ask(player, true, 0)
    const before = stage.lock(SESSION)?.waiters.length
    const few = await crowd(3, 'few', joinOther)
    for (const player of few) expect(await ask(player, false)).not.toHaveProperty('since')
    expect(stage.lock(SESSION)?.waiters).toHaveLength(before as number)
    const names = await served([...many, ...few], 6)
    expect(names.filter((name) => name.startsWith('few'))).toEqual(['few0', 'few1', 'few2'])
  })

  test('serve a holder by a cancel, a reclaim and a retirement in the same order', async () => {
    const [first, second, third] = (await crowd(3, 'many')) as [Player, Player, Player]
    const [other, another] = (await crowd(2, 'few', joinOther)) as [Player, Player]
    for (const player of [first, second, third, other, another]) await ask(player, false)
    await stage.send(first, { type: 'cancel', session: SESSION, r: 1 })
    expect(stage.lock(SESSION)?.holder?.p).toBe(other.processId)
    await stage.send(second, { type: 'retire' })
    await stage.release(other, SESSION)
    // It has retired, so it is skipped, and the turn is that of the other principal.
    expect(stage.lock(SESSION)?.holder?.p).toBe(another.processId)
    await stage.send(another, { type: 'retire' })
    await ask(third, true)
    expect(stage.lock(SESSION)?.holder?.p).toBe(third.processId)
  })
})

test('a release that finds no turn is refused, and may be sent again', async () => {
  const [holder, waiter] = (await crowd(2, 'many')) as [Player, Player]
  const other = await joinOther('few')
  for (const player of [holder, waiter, other]) await ask(player, false)
  const { epoch } = stage.lock(SESSION) as { readonly epoch: number }
  const release = { type: 'release', session: SESSION, epoch, r: 1 } as const
  // The one whose turn it is keeps asking anew, between each look at the record and the write.
  let r = 1
  const { update } = stage.memory
  stage.memory.update = (write) => {
    if (write.update.includes('holder = :next')) {
      r += 1
      const waiters = stage.lock(SESSION)?.waiters ?? []
      const index = waiters.findIndex(({ p }) => p === other.processId)
      const seen = waiters[index]
      if (seen !== undefined) stage.memory.updateNow(replaceWaiter(SESSION, { me: { ...seen, r }, seen, index }))
    }
    return update.call(stage.memory, write)
  }
  expect(await stage.send(holder, release)).toMatchObject({
    type: 'refused',
    code: 'BUSY_RECORD',
    of: 'release',
    epoch,
  })
  stage.memory.update = update
  expect(await stage.send(holder, release)).toMatchObject({ type: 'released' })
  expect(stage.lock(SESSION)?.holder?.p).toBe(other.processId)
})
