import { randomBytes } from 'node:crypto'
import type { CliStack } from './cli-stack.js'
import { contended } from './contended.js'
import { inPipe, inProcess, inTerminal, jsonLinesOf, jsonOf, startInPipe, startInTerminal } from './programs.js'
import { DESTROY, FAILED, LS, matches, SHOW, TOP, WATCH } from './shapes.js'

const COLOUR = '\x1b['
/** The commands that look at a stack, and `destroy`. */
export function testCommands(suite: CliStack): void {
  test('ls, show and top see who holds and who waits, in a terminal, in a pipe and as JSON', async () => {
    const { env } = suite
    const { id, key, finish } = await contended(suite)
    const short = key.slice(0, 'shop#'.length + 10)
    const withId = { env, input: `${id}\n` }
    const [ls, lsText, lsJson, show, showText, showJson, top, topText, topJson] = await Promise.all([
      inTerminal(['ls'], { env }),
      inPipe(['ls', '--namespace', 'shop'], { env }),
      inPipe(['ls', '--json'], { env }),
      inTerminal(['show', short], { env }),
      inPipe(['show', short], { env }),
      inPipe(['show', '-', '--namespace', 'shop', '--values', '--json'], withId),
      inTerminal(['top', '--count', '1'], { env }),
      inPipe(['top', '--count', '2', '--interval', '100'], { env }),
      inPipe(['top', '--count', '1', '--json'], { env }),
    ])
    const all = [ls, lsText, lsJson, show, showText, showJson, top, topText, topJson]
    expect(all.map(({ code, err }) => [code, err])).toEqual(all.map(() => [0, '']))
    for (const { out } of [ls, show, top]) expect(out).toContain(COLOUR)
    for (const { out } of [lsText, showText, topText]) expect(out).not.toContain(COLOUR)
    for (const { out } of all) expect(out).not.toContain(id)

    const place = { process: expect.any(String), label: 'web-1', leaseLeftMs: expect.any(Number) }
    const lock = { session: key, state: 'contended', waiting: 1, holder: place }
    const listed = matches(LS, jsonOf(lsJson))
    expect(listed.sessions).toContainEqual(expect.objectContaining(lock))
    expect(listed.processes.map(({ label, holds, waits }) => [label, holds, waits])).toEqual(
      expect.arrayContaining([
        ['web-1', 1, 0],
        ['web-2', 0, 1],
      ]),
    )
    expect(lsText.out).toMatch(new RegExp(`${short}\\s+contended\\s+1 .*web-1 \\(`))

    const shown = matches(SHOW, jsonOf(showJson))
    expect(shown).toMatchObject({ session: key, absence: null, lock, queue: [{ label: 'web-2' }] })
    expect(shown.state?.attributes).toEqual(
      expect.arrayContaining([
        { name: 'secret', bytes: 7, value: 'hunter2' },
        { name: 'cart', bytes: expect.any(Number), value: { items: ['apple'] } },
      ]),
    )
    for (const { out } of [show, showText]) {
      expect(out).toContain('web-2')
      expect(out).toMatch(/secret\s+7 B/)
      expect(out).not.toContain('hunter2')
    }

    expect(matches(TOP, jsonOf(topJson)).queues).toContainEqual(expect.objectContaining(lock))
    expect(topText.out.trim().split('\n')).toEqual([1, 2].map(() => expect.stringMatching(/1 contended, 1 waiter/)))
    expect(top.out).toContain('waited for')
    await finish()
  })

  test('watch tells what happens to a session', async () => {
    const { env } = suite
    const { id, key, first, second, finish } = await contended(suite)
    const args = ['watch', '-', '--namespace', 'shop', '--interval', '100']
    const inJson = startInPipe([...args, '--json', '--events', '3'], { env })
    inJson.child.stdin?.end(`${id}\n`)
    const inText = startInPipe(['watch', key, '--interval', '100', '--events', '3'], { env })
    const onScreen = startInTerminal(['watch', key, '--interval', '100'], { env })
    await Promise.all([inJson, inText, onScreen].map((running) => running.shows('watching shop#')))
    await finish()
    const [json, text] = await Promise.all([inJson.ended, inText.ended])
    expect([json.code, text.code]).toEqual([0, 0])
    const events = jsonLinesOf(json).map((line) => matches(WATCH, line))
    expect(events).toContainEqual(expect.objectContaining({ session: key, event: 'granted', label: 'web-2' }))
    expect(events).toContainEqual(expect.objectContaining({ event: 'released', label: 'web-1' }))
    expect(text.out).toMatch(/granted to web-2 \(/)
    await second.release(id)
    await first.destroy(id)
    await onScreen.shows('ended: destroyed')
    onScreen.child.stdin?.write('\x03')
    expect(await onScreen.ended).toMatchObject({ code: 0 })
    onScreen.child.stdin?.end()
    for (const { out, err } of [json, text, onScreen]) expect(`${out}${err}`).not.toContain(id)
  })

  test('destroy says what it does, asks, and goes through the lock', async () => {
    const { env } = suite
    const client = suite.client('web-1')
    const [asked, told, refused] = await Promise.all([1, 2, 3].map(() => client.create({ secret: 'x' })))
    const hasYes = startInTerminal(['destroy', asked as string, '--namespace', 'shop'], { env })
    await hasYes.shows('Destroy it?')
    expect(hasYes.out).toMatch(/its 1 attribute will be deleted\. Process web-1 \(.+\) holds it/)
    hasYes.child.stdin?.write('y\n')
    const hasNo = startInTerminal(['destroy', refused as string, '--namespace', 'shop'], { env })
    await hasNo.shows('Destroy it?')
    hasNo.child.stdin?.write('n\n')
    const inPipes = { env, input: `${told}\n` }
    const json = await inPipe(['destroy', '-', '--namespace', 'shop', '--yes', '--json'], inPipes)
    expect(await hasYes.ended).toMatchObject({ code: 0 })
    expect(await hasNo.ended).toMatchObject({ code: 4 })
    expect(json).toMatchObject({ code: 0, err: '' })
    expect(matches(DESTROY, jsonOf(json)).session).toBe(client.session(told as string).key)
    const left = await Promise.all([asked, told, refused].map((id) => client.peek(id as string)))
    expect(left.map((seen) => seen !== undefined)).toEqual([false, false, true])

    const again = await inProcess(['destroy', '-', '--namespace', 'shop', '--yes', '--json'], inPipes)
    expect(again.code).toBe(3)
    expect(matches(FAILED, jsonOf(again)).error.code).toBe('SESSION_MISSING')
    const unasked = await inProcess(['destroy', refused as string, '--namespace', 'shop'], { env })
    expect(unasked).toMatchObject({ code: 4, out: '' })
    for (const { out, err } of [json, again, unasked]) expect(`${out}${err}`).not.toMatch(`${told}|${refused}`)
    for (const screen of [hasYes, hasNo]) screen.child.stdin?.end()
  })

  test('a session that is not there, or not anymore, is said to be missing', async () => {
    const { env } = suite
    const client = suite.client('web-1')
    const id = await client.create({ secret: 'x' })
    const { key } = client.session(id)
    await client.destroy(id)
    const gone = await inProcess(['show', key, '--json'], { env })
    expect(gone.code).toBe(3)
    expect(matches(SHOW, jsonOf(gone))).toMatchObject({ absence: { reason: 'destroyed' } })
    const never = await inProcess(['show', '-', '--namespace', 'shop'], { env, input: randomBytes(32).toString('hex') })
    expect(never).toMatchObject({ code: 3, out: expect.stringContaining('none: unknown') })
    const unknown = await inProcess(['show', 'shop#AAAAAAAA', '--json'], { env })
    expect([unknown.code, matches(FAILED, jsonOf(unknown)).error.code]).toEqual([3, 'SESSION_MISSING'])
  })

  test.each<[string, readonly string[], RegExp]>([
    ['an id without a namespace', ['show', 'an-id'], /needs the namespace/],
    ['a hash that is too short', ['show', 'shop#AAAAA'], /at least 8 characters of it/],
    ['a hash without its namespace', ['show', 'AAAAA-AAAA'], /as in shop#VGDYW-EBXv/],
    ['a namespace that is none', ['show', 'an-id', '--namespace', 'a b'], /'a b' is no namespace/],
    ['a hash that is to be destroyed', ['destroy', 'shop#AAAAAAAAAA', '--yes'], /only a client that has the id/],
    ['a file of a configuration that is not there', ['ls', '--config', 'nowhere.json'], /neither JSON nor a file/],
    ['a configuration that is none', ['ls', '--config', '{"url":"x"}'], /config\.url/],
    ['an unknown option', ['ls', '--colour'], /unknown option '--colour'[\s\S]*See 'holdfast help ls'/],
    ['a number out of bounds', ['top', '--interval', '5'], /whole number from 100/],
    ['an unknown command', ['lst'], /unknown command 'lst'/],
    ['no command', [], /Usage: holdfast/],
  ])('%s is a wrong use', async (_, args, problem) => {
    const { code, out, err } = await inProcess(args, { env: suite.env })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(problem)
    expect(err).not.toContain('an-id')
  })

  test('the Locks table is found by its name, or named', async () => {
    const { env, stack } = suite
    const named = await inProcess(['ls', '--json', '--locks-table', stack.locksTable], { env })
    const { code } = await inProcess(['ls', '--json'], { env: { ...env, HOLDFAST_LOCKS_TABLE: stack.locksTable } })
    expect([named.code, code]).toEqual([0, 0])
    const config = JSON.stringify({ ...stack.config, sessionsTable: 'other' })
    const unknown = await inProcess(['ls', '--json', '--config', config], {})
    expect([unknown.code, matches(FAILED, jsonOf(unknown)).error.code]).toEqual([1, 'LOCKS_TABLE_UNKNOWN'])
  })

  test('a list that is cut says so', async () => {
    const client = suite.client('web-1')
    await Promise.all([1, 2, 3].map(() => client.create({ secret: 'x' })))
    const { out } = await inProcess(['ls', '--json', '--limit', '1', '--records', '2'], { env: suite.env })
    const { sessions, isPartial } = matches(LS, JSON.parse(out))
    expect([sessions.length <= 1, isPartial]).toEqual([true, true])
  })

  test('a reader that has enough ends a command', async () => {
    const running = startInPipe(['top', '--interval', '100', '--json'], { env: suite.env })
    await running.shows('"at"')
    running.child.stdout?.destroy()
    expect((await running.ended).code).toBe(0)
  })
}
