import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { copyTable, deleteRecords } from '../cli/copied-table.js'
import { inPipe, jsonOf } from '../cli/programs.js'
import { FAILED, matches } from '../cli/shapes.js'
import { serverOf } from './confined-assembly.js'
import {
  COPY_PREFIX,
  documentedRights,
  type RepairCommand,
  type Right,
  repairAssembly,
  roleOf,
} from './documented-rights.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'

interface Counter {
  count: number
}

const named = (rights: readonly Right[]) => rights.map(({ action, on }) => `${action} on ${on}`)
const casesOf = (command: RepairCommand) =>
  documentedRights(command).map((right) => [`${right.action} on ${right.on}`, right] as const)

describe('the rights of repairs, as the documents have them', () => {
  const suite = new LocalStackSuite<Counter>({ assembly: repairAssembly(['locks', 'adopt']), environment: NO_RENEWALS })
  let admin: DynamoDBClient
  beforeAll(() => {
    const { adminCredentials: credentials, config } = suite.stack
    admin = new DynamoDBClient({ endpoint: config.dynamoDbEndpoint, region: config.region, credentials })
  })
  afterAll(() => admin?.destroy())

  /** The command in a process of its own, with the temporary credentials of a role. */
  const runAs = (role: string, args: readonly string[]) => {
    const { config, locksTable } = suite.stack
    const { accessKeyId, secretAccessKey, sessionToken = '' } = suite.stack.addApplication(serverOf(role, 'operator'))
    const env = {
      HOLDFAST_CONFIG: JSON.stringify(config),
      HOLDFAST_LOCKS_TABLE: locksTable,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    }
    return inPipe([...args, '--yes', '--json'], { env })
  }
  const failed = async (role: string, args: readonly string[]) => {
    const ended = await runAs(role, args)
    return { code: ended.code, err: ended.err, error: matches(FAILED, jsonOf(ended)).error }
  }
  const denied = ({ action }: Right) => ({
    code: 1,
    err: '',
    error: {
      code: 'PERMISSION_MISSING',
      message: expect.stringContaining(`not allowed: ${action}`),
      cure: expect.stringContaining('docs/guide/cli.md'),
    },
  })

  /** A session that is held. */
  const held = async () => {
    const client = suite.client()
    const id = await client.create({ count: 1 })
    return { client, id }
  }
  /** A copy of the Sessions table, which has a session that the live one has lost. */
  const lost = async () => {
    const { client, id } = await held()
    await client.close()
    const copy = `${COPY_PREFIX}${randomUUID()}`
    await copyTable(admin, suite.stack.config.sessionsTable, copy)
    await deleteRecords(admin, suite.stack.config.sessionsTable, [client.session(id).key])
    return { copy, id, isBack: async () => (await suite.client().peek(id)) !== undefined }
  }

  it('are these', () => {
    expect(named(documentedRights('locks'))).toEqual(
      ['Scan', 'BatchWriteItem', 'GetItem', 'UpdateItem'].map((name) => `dynamodb:${name} on Locks`),
    )
    expect(named(documentedRights('adopt'))).toEqual([
      'dynamodb:BatchGetItem on Sessions',
      'dynamodb:PutItem on Sessions',
      'dynamodb:Scan on the copy',
      'dynamodb:DescribeTable on the copy',
      'dynamodb:BatchGetItem on Locks',
      'dynamodb:GetItem on Locks',
      'dynamodb:UpdateItem on Locks',
    ])
  })

  it('are enough for `locks empty`', async () => {
    const { id } = await held()
    const ended = await runAs(roleOf('locks'), ['locks', 'empty'])
    expect([ended.code, ended.err]).toEqual([0, ''])
    expect(jsonOf(ended)).toMatchObject({ deleted: expect.any(Number), incarnation: expect.any(Number) })
    expect(await suite.tables.allLocks()).toBe('')
    expect((await suite.client().peek(id))?.state).toEqual({ count: 1 })
  }, 60_000)

  it.each(casesOf('locks'))(
    'are each needed for `locks empty`, which says what is missing: %s',
    async (_, right) => {
      await held()
      expect(await failed(roleOf('locks', right), ['locks', 'empty'])).toEqual(denied(right))
      // As the documents say: if it fails half-way, run it again.
      expect((await runAs(roleOf('locks'), ['locks', 'empty'])).code).toBe(0)
      expect(await suite.tables.allLocks()).toBe('')
    },
    60_000,
  )

  it('are enough for `adopt` with its options', async () => {
    const { copy, isBack } = await lost()
    expect(await isBack()).toBe(false)
    const ended = await runAs(roleOf('adopt'), ['adopt', copy, '--revive', '--roll-back'])
    expect([ended.code, ended.err]).toEqual([0, ''])
    expect(jsonOf(ended)).toMatchObject({ counts: { taken: expect.any(Number) }, incarnation: expect.any(Number) })
    expect(await isBack()).toBe(true)
  }, 60_000)

  it.each(casesOf('adopt'))(
    'are each needed for `adopt --revive`, which says what is missing: %s',
    async (_, right) => {
      const { copy, isBack } = await lost()
      expect(await failed(roleOf('adopt', right), ['adopt', copy, '--revive'])).toEqual(denied(right))
      expect((await runAs(roleOf('adopt'), ['adopt', copy, '--revive'])).code).toBe(0)
      expect(await isBack()).toBe(true)
    },
    60_000,
  )

  it.each(casesOf('adopt').filter(([, { action, on }]) => on === 'Locks' && !action.includes('Batch')))(
    'are fewer for `adopt` without its options: %s',
    async (_, right) => {
      const { copy } = await lost()
      const time = ['--backup-at', new Date().toISOString()]
      expect(await runAs(roleOf('adopt', right), ['adopt', copy, ...time])).toMatchObject({ code: 0, err: '' })
    },
    60_000,
  )

  it('are not those of an application: it can neither empty Locks nor adopt', async () => {
    const { copy } = await lost()
    for (const args of [
      ['locks', 'empty'],
      ['adopt', copy, '--revive'],
    ])
      expect((await failed('a-server', args)).error.code).toBe('PERMISSION_MISSING')
  }, 60_000)
})
