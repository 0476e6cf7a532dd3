import { randomBytes } from 'node:crypto'
import diagnostics from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paginateScan } from '@aws-sdk/client-dynamodb'
import WebSocket from 'ws'
import { showLocks } from '../../local/inspector/locks/show-locks.js'
import { LocksRelay } from '../support/locks-relay.js'
import { CliStack } from './cli-stack.js'
import { copyTable } from './copied-table.js'
import { Places } from './places.js'
import { inPipe, startInPipe } from './programs.js'

const places = new Places()
const suite = new CliStack({ inspector: true, onLog: ({ text }) => places.add("the functions' logs", text) })

const drawn = (name: string): string => `canary-${name}-${randomBytes(18).toString('hex')}`
const CANARIES = {
  'a session id': drawn('id'),
  'the id of a session that ends': drawn('ended'),
  'an id that there is not': drawn('none'),
  'the id key': drawn('key'),
  'a value': drawn('value'),
  'a nested value': drawn('nested'),
  'a number': String(7_306_519_284_017_355),
  'bytes of a value': drawn('bytes'),
}
const [id, endedId, noId, idKey] = Object.values(CANARIES) as [string, string, string, string]
const EVENTS = ['granted', 'wanted', 'released', 'lost', 'retried', 'connection'] as const
const CHANNELS = [...EVENTS, 'locks'] as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-canary-'))
  for (const name of ['log', 'warn', 'error', 'info'] as const) {
    jest.spyOn(console, name).mockImplementation((...texts) => places.add('the console', texts))
  }
  const { send, emit } = WebSocket.prototype
  jest.spyOn(WebSocket.prototype, 'send').mockImplementation(function (this: WebSocket, ...args: unknown[]) {
    places.add('messages to the store', String(args[0]))
    return Reflect.apply(send, this, args)
  })
  jest.spyOn(WebSocket.prototype, 'emit').mockImplementation(function (this: WebSocket, ...args) {
    if (args[0] === 'message') places.add('messages of the store', String(args[1]))
    return Reflect.apply(emit, this, args)
  })
})
afterAll(() => {
  jest.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

test('marked ids, keys and values go through everything, and are nowhere in the clear', async () => {
  const { stack, admin, env } = suite
  const endPushes = stack.gateway.losePushes(({ text }) => {
    places.add('pushes', text)
    return false
  })
  const relay = await LocksRelay.start(stack.inspector?.locksAddress ?? '')
  const shown = showLocks(relay.address)
  const heard = CHANNELS.map((event) => {
    const listen = (message: unknown) => places.add('diagnostics channels', message)
    diagnostics.subscribe(`holdfast:${event}`, listen)
    return () => diagnostics.unsubscribe(`holdfast:${event}`, listen)
  })
  const options = { idKey, timeoutMs: 15_000 }
  const [first, second] = [suite.client('web-1', options), suite.client('web-2', options)]
  for (const client of [first, second]) {
    for (const event of EVENTS) client.on(event, (seen: unknown) => places.add('events', seen))
  }
  const secret = CANARIES['a value']
  const cart = {
    items: [CANARIES['a nested value']],
    amount: Number(CANARIES['a number']),
    bytes: new Uint8Array(Buffer.from(CANARIES['bytes of a value'])),
  }
  const failed = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(Error)
    places.add('errors', error)
    places.add('errors', (error as Error).stack ?? '')
  }

  // Made, handed over, refused, not found, made twice, waited for in vain.
  expect(await first.create({ secret, cart, count: 0 }, { id })).toBe(id)
  await second.access(id, 'all', ({ state }) => (state.count = (state.count ?? 0) + 1))
  await failed(first.access(id, { write: ['secret'] }, ({ state }) => void (state.secret = (() => {}) as never)))
  await failed(first.access(id, { write: ['secret'] }, ({ state }) => void (state.secret = secret.repeat(20_000))))
  await failed(first.access(noId, { read: ['secret'] }, () => {}, { ifMissing: 'fail' }))
  await failed(first.create({ secret }, { id }))
  const { key } = first.session(id)
  const short = key.slice(0, 'shop#'.length + 10)
  const holding = first.access(id, { write: ['cart'] }, async ({ signal }) => {
    await failed(second.access(id, { write: ['cart'] }, () => {}, { timeoutMs: 800 }))
    return signal.aborted
  })
  await holding
  const endFault = stack.dynamodb.inject({
    beforeForward: ({ caller }) => (caller.includes('Function') ? { refuse: 'AccessDeniedException' } : undefined),
  })
  await failed(first.access(noId, { write: ['secret'] }, () => {}, { timeoutMs: 800 }))
  endFault()

  // The command, which gets the id and the key.
  const keyFile = join(folder, 'key')
  writeFileSync(keyFile, `${idKey}\n`)
  const withId = ['-', '--namespace', 'shop', '--id-key-file', keyFile]
  const surroundings = { env, input: `${id}\n` }
  const watching = startInPipe(['watch', ...withId, '--interval', '100'], { env })
  watching.child.stdin?.end(surroundings.input)
  await watching.shows('watching shop#')
  await copyTable(admin, stack.config.sessionsTable, 'Canary')
  const commands: readonly (readonly string[])[] = [
    ['ls'],
    ['ls', '--json'],
    ['top', '--count', '2', '--interval', '100'],
    ['show', short],
    ['show', ...withId],
    ['show', ...withId, '--json'],
    ['doctor', '--namespace', 'shop'],
    ['release', ...withId, '--yes'],
    ['incarnation'],
    ['adopt', 'Canary', '--revive', '--dry-run', '--json'],
    ['destroy', ...withId, '--yes', '--timeout', '1'],
    ['show', id, '--namespace', 'shop', '--id-key-file', folder],
    ['show', 'shop#', id, '--json'],
    ['destroy', short, '--yes'],
  ]
  for (const args of commands) {
    const { out, err } = await inPipe(args, surroundings)
    places.add(`output of ${args[0]}`, `${out}${err}`)
  }
  await first.create({ secret, cart, count: 0 }, { id: endedId })
  await first.destroy(endedId)
  watching.child.kill('SIGINT')
  const watched = await watching.ended
  places.add('output of watch', `${watched.out}${watched.err}`)

  // What is left: records, counts, and the inspector's page with its events.
  for (const table of [stack.locksTable, stack.config.sessionsTable]) {
    for await (const { Items = [] } of paginateScan({ client: admin }, { TableName: table, ConsistentRead: true })) {
      for (const { attrs, ...rest } of Items) {
        places.add(table === stack.locksTable ? 'records of Locks' : 'records of Sessions, but for attributes', rest)
        const names = Object.keys(attrs?.M ?? {})
        places.add('names of attributes', names)
      }
    }
  }
  places.add('counts of requests', stack.requests.since())
  places.add('open connections', stack.gateway.connections())
  const { inspector } = stack
  await shown.stop()
  places.add('what applications tell of their locks', relay.told.join('\n'))
  await relay.stop()
  const file = join(folder, 'timeline.html')
  await inspector?.writeTimeline(file)
  places.add("the inspector's export", readFileSync(file, 'utf8'))
  const page = await fetch(inspector?.address ?? '')
  places.add("the inspector's page", await page.text())
  const stream = await fetch(`${inspector?.address}events`)
  const chunk = await stream.body?.getReader().read()
  places.add("the inspector's events", Buffer.from(chunk?.value ?? []).toString())
  endPushes()
  for (const end of heard) end()

  expect(places.find(CANARIES)).toEqual([])
  const searched = [...places.searched].map(([place, length]) => `${place}: ${length} characters`).toSorted()
  process.stdout.write(`searched for ${Object.keys(CANARIES).join(', ')} in\n  ${searched.join('\n  ')}\n`)
  expect(searched.length).toBeGreaterThanOrEqual(25)
  expect([...places.searched.values()].filter((length) => length === 0)).toEqual([])
}, 90_000)

test('the search finds each of them where they are meant to be', async () => {
  const { admin, stack, env } = suite
  const client = suite.client('web-1', { idKey })
  const mark = drawn('shown')
  const shownId = await client.create({ secret: mark, count: 0 })
  const surroundings = { env: { ...env, HOLDFAST_ID_KEY: idKey }, input: `${shownId}\n` }
  const { out } = await inPipe(['show', '-', '--namespace', 'shop', '--values', '--json'], surroundings)
  const known = new Places()
  known.add('output of show --values', out)
  for await (const { Items = [] } of paginateScan({ client: admin }, { TableName: stack.config.sessionsTable })) {
    known.add('attributes', Items)
  }
  for (const form of [Buffer.from(`x${mark}`).toString('base64'), encodeURIComponent(mark), Buffer.from(mark)]) {
    known.add('other forms', form)
  }
  expect(known.find({ it: mark })).toEqual(['it in output of show --values', 'it in attributes', 'it in other forms'])
})
