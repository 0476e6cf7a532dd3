import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { shortKey } from '../../cli/view/words.js'
import type { CliStack } from './cli-stack.js'
import { contended } from './contended.js'
import { type Ended, inPipe, inProcess, inTerminal, jsonOf, startInPipe, startInTerminal } from './programs.js'
import { EVICT, FAILED, INCARNATION, LOCKS, LS, matches, RELEASE } from './shapes.js'

/** The commands by which an operator interferes with locks and processes. */
export function testOperating(suite: CliStack): void {
  const failureOf = (ended: Ended) => [ended.code, matches(FAILED, jsonOf(ended)).error.code]
  const listed = async () => matches(LS, jsonOf(await inProcess(['ls', '--json'], { env: suite.env })))

  /** Resolves when so many processes wait for the session. */
  async function untilWaiting(key: string, count: number): Promise<void> {
    for (;;) {
      const { sessions } = await listed()
      if (sessions.find(({ session }) => session === key)?.waiting === count) return
    }
  }

  test('release asks the holder as a waiter would, after all others, and gives the lock back', async () => {
    const { env } = suite
    const { id, key, first, second, finish } = await contended(suite)
    const released: string[] = []
    first.on('released', () => released.push('web-1'))
    second.on('released', () => released.push('web-2'))
    const screen = startInTerminal(['release', key.slice(0, 'shop#'.length + 10)], { env })
    await screen.shows('Ask for it?')
    expect(screen.out).toMatch(/Process web-1 \(.+\) holds shop#.+ it is asked to release.+ 1 process wait before us/)
    screen.child.stdin?.write('y\n')
    await untilWaiting(key, 2)
    const json = startInPipe(['release', '-', '--namespace', 'shop', '--yes', '--json'], { env })
    json.child.stdin?.end(`${id}\n`)
    await untilWaiting(key, 3)
    await finish()
    const [onScreen, inJson] = await Promise.all([screen.ended, json.ended])
    screen.child.stdin?.end()
    expect([onScreen.code, inJson.code, inJson.err]).toEqual([0, 0, ''])
    expect(onScreen.out).toMatch(/web-1 \(.+\) has released shop#/)
    expect(matches(RELEASE, jsonOf(inJson))).toMatchObject({
      session: key,
      released: true,
      holder: { label: 'web-1' },
      ahead: 2,
    })
    expect(released).toEqual(['web-1', 'web-2'])

    const again = await inPipe(['release', key, '--json'], { env })
    expect([again.code, matches(RELEASE, jsonOf(again))]).toEqual([
      0,
      { session: key, released: false, holder: null, ahead: 0, waitedMs: 0 },
    ])
    expect((await inPipe(['release', key], { env })).out).toMatch(/^no process holds shop#/)
    expect(await second.access(id, { read: ['cart'] }, ({ state }) => state.cart)).toEqual({ items: [] })
    for (const { out, err } of [onScreen, inJson, again]) expect(out + err).not.toContain(id)
  })

  test('release that gets no turn in time, or no yes, says so, and leaves the queue', async () => {
    const { env } = suite
    const { key, finish } = await contended(suite)
    const late = await inPipe(['release', key, '--yes', '--json', '--timeout', '700'], { env })
    expect(failureOf(late)).toEqual([1, 'LOCK_NOT_GRANTED'])
    const unasked = await inProcess(['release', key, '--json'], { env })
    expect(failureOf(unasked)).toEqual([4, 'NOT_CONFIRMED'])
    // It says what it would have done.
    expect(unasked.err).toContain(shortKey(key))
    await untilWaiting(key, 1)
    await finish()
    expect(failureOf(await inProcess(['release', '-', '--json'], { env, input: 'x' }))).toEqual([2, 'USAGE'])
  })

  test('evict ends a process: it asks, closes its connections, and others get its sessions', async () => {
    const { env } = suite
    const connections = () => suite.stack.gateway.connections().map(({ connectionId }) => connectionId)
    const before = connections()
    const [one, two, other] = ['evicted-1', 'evicted-2', 'other'].map((label) => suite.client(label))
    const ids = await Promise.all(
      [one, two].flatMap((client) => (client === undefined ? [] : [client.create({ secret: 'x' })])),
    )
    const theirs = connections().filter((id) => !before.includes(id))
    expect(theirs).toHaveLength(2)
    const processOf = async (label: string) =>
      (await listed()).processes.find((process) => process.label === label && process.leaseLeftMs > 0)?.process ?? ''
    const first = await processOf('evicted-1')
    const screen = startInTerminal(['evict', '--', first.slice(0, 10)], { env })
    await screen.shows('Evict it?')
    expect(screen.out.replaceAll(/\s+/g, ' ')).toMatch(
      /Process evicted-1 \(.+\) of arn:.+ its lease is extended no more.+ It holds 1 session, 0 of them waited for/,
    )
    screen.child.stdin?.write('y\n')
    // On a loaded machine the process hears of it before, and closes its connection itself.
    expect(await screen.ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/is evicted: [01] connections? closed/),
    })
    screen.child.stdin?.end()
    // Not before: a loaded machine may lose a short lease, and has another process then.
    const second = await processOf('evicted-2')
    const json = await inPipe(['evict', '--yes', '--json', '--', second], { env })
    expect([json.code, json.err]).toEqual([0, ''])
    const told = matches(EVICT, jsonOf(json))
    expect(told).toMatchObject({ process: second, label: 'evicted-2' })
    expect([0, 1]).toContain(told.closed)
    // Whoever closed them: none is left.
    expect(connections().filter((id) => theirs.includes(id))).toEqual([])
    for (const id of ids)
      expect(await other?.access(id ?? '', { read: ['secret'] }, ({ state }) => state.secret)).toBe('x')

    const missing = await inPipe(['evict', 'AAAAAAAAAAAAAAAA', '--yes', '--json'], { env })
    expect(failureOf(missing)).toEqual([3, 'PROCESS_MISSING'])
    for (const [args, code] of [
      [['AAAA'], 2],
      [['--', second], 4],
    ] as const) {
      expect((await inProcess(['evict', ...args], { env })).code).toBe(code)
    }
  })

  test('incarnation is shown, and raised: every process drops what it holds, once', async () => {
    const { env } = suite
    const client = suite.client('web-1')
    const losses: unknown[] = []
    const id = await client.create({ secret: 'x' })
    const lost = new Promise<void>((tell) =>
      client.on('lost', ({ error }) => {
        losses.push((error as { readonly reason?: string }).reason)
        tell()
      }),
    )
    const shown = await inPipe(['incarnation', '--json'], { env })
    const { incarnation: before } = matches(INCARNATION, jsonOf(shown))
    const screen = startInTerminal(['incarnation', 'next'], { env })
    await screen.shows('Raise the incarnation?')
    screen.child.stdin?.write('n\n')
    expect((await screen.ended).code).toBe(4)
    screen.child.stdin?.end()
    const raised = matches(INCARNATION, jsonOf(await inPipe(['incarnation', 'next', '--yes', '--json'], { env })))
    expect([raised.before, raised.raisedAt]).toEqual([before, raised.incarnation])
    expect(raised.incarnation).toBeGreaterThan(before)
    const text = await inTerminal(['incarnation'], { env })
    expect(text).toMatchObject({ code: 0, out: expect.stringContaining(`incarnation ${raised.incarnation}, raised 2`) })
    await lost
    expect(await client.access(id, { read: ['secret'] }, ({ state }) => state.secret)).toBe('x')
    expect(losses).toEqual(['evicted'])
    expect((await inProcess(['incarnation', 'last'], { env })).code).toBe(2)
  })

  test('locks empty deletes all records but the incarnation, damaged ones too, and nothing is lost', async () => {
    const { env } = suite
    const client = suite.client('web-1')
    const id = await client.create({ secret: 'x' })
    const Item = { pk: { S: `S#shop#${'v'.repeat(43)}` }, schema: { N: '2' } }
    await suite.admin.send(new PutItemCommand({ TableName: suite.stack.locksTable, Item }))
    expect((await listed()).unreadable).toBe(1)
    const { incarnation: before } = matches(INCARNATION, jsonOf(await inProcess(['incarnation', '--json'], { env })))
    const screen = startInTerminal(['locks', 'empty'], { env })
    await screen.shows('Empty it?')
    expect(screen.out.replaceAll(/\s+/g, ' ')).toMatch(/All records of table .+ are deleted: \d+ held lock/)
    screen.child.stdin?.write('y\n')
    expect(await screen.ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\d+ records deleted, incarnation/),
    })
    screen.child.stdin?.end()
    const again = matches(LOCKS, jsonOf(await inPipe(['locks', 'empty', '--yes', '--json'], { env })))
    expect(again.incarnation).toBeGreaterThan(before)
    expect((await listed()).unreadable).toBe(0)
    expect(await client.access(id, 'all', ({ state }) => (state.secret += 'y'))).toBe('xy')
    expect((await inProcess(['locks', 'empty'], { env })).code).toBe(4)
    expect((await inProcess(['locks'], { env })).code).toBe(2)
  })
}
