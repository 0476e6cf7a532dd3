import { FRESH_WAITERS_MAX, WAITED_FIRST_MS, WAITERS_MAX } from '../../../protocol/limits.js'
import { nextIn, planJoin, servedOrder, supposedJoin } from '../../../protocol/lock/queue.js'
import { type LockRecord, readLock, type Seat } from '../../../protocol/lock/record.js'
import { ANNA, type LockFields, lockItem, MARK, seat } from '../../store/fixtures.js'

const lock = (fields: LockFields): LockRecord => readLock(lockItem(fields)) as LockRecord
const names = (seats: readonly Seat[]) => seats.map(({ p }) => p).join(' ')
/** 'a1 b1 …': the letter is the principal's mark, and 'a' that of the record. */
const queue = (text: string): Seat[] =>
  text
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => (name.startsWith('a') ? seat(name) : seat(name, 1, name.slice(0, 1))))
const held = (holder: string, waiters: string) =>
  lock({ holder: queue(holder)[0], waiters: queue(waiters), mark: 'a', isMixed: true })

describe('the order in which waiters are served', () => {
  test.each([
    ['of one principal is that of the list', 'a0', 'a1 a2 a3', 'a1 a2 a3'],
    ['is in turn from each principal, after that of the holder', 'a0', 'a1 a2 b1 a3 b2', 'b1 a1 b2 a2 a3'],
    ['begins with the principal after that of the holder, in a circle', 'b0', 'a1 b1 c1', 'c1 a1 b1'],
    ['goes on with those who have waiters left', 'c0', 'c1 c2 c3 a1', 'a1 c1 c2 c3'],
    ['comes back to the principal of the holder last', 'a0', 'a1 c1 b1', 'b1 c1 a1'],
    ['is nobody where nobody waits', 'a0', '', ''],
  ])('%s', (_, holder, waiters, order) => {
    const record = held(holder, waiters)
    expect(names(servedOrder(record))).toBe(order)
    const next = nextIn(record)
    expect(next?.next.p ?? '').toBe(order.split(' ')[0])
    expect(record.waiters[next?.index ?? 0]).toBe(next?.next)
  })

  test('serves each principal once while another one waits, however many processes it has', () => {
    const crowd = Array.from({ length: 60 }, (_, index) => `a${index + 1}`).join(' ')
    const order = names(servedOrder(held('a0', `${crowd} b1`)))
    expect(order.startsWith('b1 a1 a2')).toBe(true)
  })

  test('takes a seat without a mark for one of the record, also where the record has none', () => {
    const { mark: _, ...unmarked } = lockItem({ holder: seat('a0'), waiters: queue('a1 b1 a2'), isMixed: true })
    const record = readLock(unmarked) as LockRecord
    expect(names(servedOrder(record))).toBe('b1 a1 a2')
  })
})

describe('a request that joins a queue', () => {
  const me = seat(ANNA, 1, 'a')
  const guest = seat(ANNA, 1, 'b')
  const many = (letter: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`).join(' ')

  test('is a guest where its principal is not that of the record', () => {
    expect(planJoin(held('a0', ''), me, undefined)).toEqual({ how: 'first', isGuest: false })
    expect(planJoin(held('a0', ''), guest, undefined)).toEqual({ how: 'first', isGuest: true })
    const behind = { how: 'behind', waitersMax: FRESH_WAITERS_MAX }
    expect(planJoin(held('a0', 'a1'), me, undefined)).toEqual({ ...behind, isGuest: false, isMixed: false })
    expect(planJoin(held('a0', 'a1'), guest, undefined)).toEqual({ ...behind, isGuest: true, isMixed: true })
    expect(planJoin(held('a0', 'b1'), guest, undefined)).toEqual({ ...behind, isGuest: true, isMixed: false })
    expect(planJoin(held('a0', 'b1'), me, undefined)).toEqual({ ...behind, isGuest: false, isMixed: true })
  })

  test('supposes to be of the principal that holds', () => {
    expect(supposedJoin(0)).toEqual({ how: 'first', isGuest: false })
    expect(supposedJoin(3)).toMatchObject({ how: 'behind', isGuest: false, isMixed: false })
  })

  test.each([
    [undefined, 0],
    [0, 1],
    [-500, 1],
    [WAITED_FIRST_MS - 1, 1],
    [WAITED_FIRST_MS, 2],
    [2 * WAITED_FIRST_MS - 1, 2],
    [2 * WAITED_FIRST_MS, 3],
    [2 ** 13 * WAITED_FIRST_MS, 15],
    [2 ** 14 * WAITED_FIRST_MS, 16],
    [1_800_000_000_000, 16],
  ])('that has waited for %p ms may use %p of the last places', (waitedMs, places) => {
    const length = FRESH_WAITERS_MAX + places
    const room = lock({ holder: seat('a0'), waiters: queue(many('a', length - 1)), mark: 'a' })
    expect(planJoin(room, me, waitedMs)).toMatchObject({ how: 'behind', waitersMax: length })
    const noRoom = lock({ holder: seat('a0'), waiters: queue(many('a', length)), mark: 'a' })
    expect(planJoin(noRoom, me, waitedMs)).toBeUndefined()
    expect(length).toBeLessThanOrEqual(WAITERS_MAX)
  })

  const joined = (waiters: string, who: Seat) => {
    const record = held('a0', waiters)
    const join = planJoin(record, who, undefined)
    if (join?.how !== 'displace') return undefined
    expect(record.waiters[join.last.index]?.p).toBe(join.last.p)
    const after = [...record.waiters]
    for (const { index, from, to } of join.moves) {
      expect(after[index]).toBe(from)
      after[index] = to
    }
    return names(after)
  }
  const full = (text: string) => `${text} ${many('c', FRESH_WAITERS_MAX - text.split(' ').length)}`

  test('takes the newest place of the principal that has the most', () => {
    expect(joined(many('a', FRESH_WAITERS_MAX), guest)).toBe(`${many('a', FRESH_WAITERS_MAX - 1)} ${ANNA}`)
    const most = joined(full('a1 a2 b1'), guest)
    expect(most).toBe(`a1 a2 b1 ${many('c', FRESH_WAITERS_MAX - 4)} ${ANNA}`)
  })

  test('moves its own principal up to the place that it takes, in their order', () => {
    const line = many('a', FRESH_WAITERS_MAX - 2)
    expect(joined(`${line} b1 b2`, guest)).toBe(`${many('a', FRESH_WAITERS_MAX - 3)} b1 b2 ${ANNA}`)
  })

  test('takes none from a principal that has hardly more, so that places do not go to and fro', () => {
    const half = FRESH_WAITERS_MAX / 2
    expect(joined(`${many('a', half)} ${many('b', half)}`, guest)).toBeUndefined()
    expect(joined(`${many('a', half + 1)} ${many('b', half - 1)}`, guest)).toContain(ANNA)
    expect(joined(`${many('a', half - 1)} ${many('b', half + 1)}`, guest)).toBeUndefined()
  })

  test('always finds a place while its principal has less than its share', () => {
    for (const principals of [2, 3, 5, 16, 48]) {
      const share = Math.floor(FRESH_WAITERS_MAX / principals)
      for (let own = 0; own < share; own += 1) {
        const others = Array.from({ length: FRESH_WAITERS_MAX - own }, (_, index) =>
          seat(`o${index}`, 1, `m${index % (principals - 1)}`),
        )
        const waiters = [...others, ...queue(many('b', own))].filter(({ p }) => p !== '')
        expect(planJoin(lock({ holder: seat('a0'), waiters, isMixed: true }), guest, undefined)?.how).toBe('displace')
      }
    }
  })

  test('needs no mark to be told from others, since nobody has an empty one', () => {
    expect(planJoin(lock({ holder: seat('a0') }), seat(ANNA), undefined)).toEqual({ how: 'first', isGuest: true })
    expect(planJoin(lock({ holder: seat('a0') }), seat(ANNA, 1, MARK), undefined)).toMatchObject({ isGuest: false })
  })
})
