import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { findJava, installCommand, parseJavaVersion } from '../../../local/dynamodb/java.js'
import { DynamoDbLocal } from '../../../local/dynamodb/server.js'

const run = promisify(execFile)

/** The command lines on this machine that name this port: Java and the shell that watches over it. */
async function processesOn(port: number): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'args'])
  return stdout.split('\n').filter((line) => line.includes(`-port ${port} `))
}

const clientOf = ({ endpoint, accessKeyId }: Pick<DynamoDbLocal, 'endpoint' | 'accessKeyId'>) =>
  new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: 'x' } })

const TABLE: CreateTableCommandInput = {
  TableName: 'Kept',
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
}

/** Java takes long on a machine that is busy, and some of these start it several times. */
jest.setTimeout(120_000)

describe('DynamoDB Local', () => {
  test('answers once it has started, and leaves no process when it is stopped', async () => {
    const dynamodb = new DynamoDbLocal()
    await dynamodb.start()
    const answer = await fetch(dynamodb.endpoint, { method: 'POST' })
    expect(answer.status).toBe(400)
    expect(await processesOn(dynamodb.port)).not.toEqual([])

    await dynamodb.stop()
    expect(await processesOn(dynamodb.port)).toEqual([])
    await dynamodb.stop()
  })

  test('that is stopped while it starts leaves no process', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-data-'))
    const dynamodb = new DynamoDbLocal({ dataDir })
    try {
      const starting = [dynamodb.start(), dynamodb.start()]
      await dynamodb.stop()
      expect(await Promise.allSettled(starting)).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
      const { stdout } = await run('ps', ['-A', '-o', 'args'])
      expect(stdout.split('\n').filter((line) => line.includes(`-dbPath ${dataDir}`))).toEqual([])
    } finally {
      await dynamodb.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test('that has crashed is started again', async () => {
    const dynamodb = new DynamoDbLocal()
    try {
      await dynamodb.start()
      process.kill(dynamodb.pid ?? 0, 'SIGKILL')
      // Until its end is known here, it counts as running.
      for (let status = 0; status !== 400; ) {
        await dynamodb.start()
        const answer = await fetch(dynamodb.endpoint, { method: 'POST' }).catch(() => undefined)
        status = answer?.status ?? 0
      }
      expect(await processesOn(dynamodb.port)).toHaveLength(2)
    } finally {
      await dynamodb.stop()
    }
  })

  test('takes no other program for itself that has its port', async () => {
    const dynamodb = new DynamoDbLocal()
    const other = createServer((_, response) => response.end('another program'))
    try {
      await dynamodb.start()
      await dynamodb.stop()
      await once(other.listen(dynamodb.port, '127.0.0.1'), 'listening')
      await expect(dynamodb.start()).rejects.toMatchObject({
        code: 'LOCAL_START',
        message: expect.stringContaining('Address already in use'),
      })
    } finally {
      other.close()
      await dynamodb.stop()
    }
  })

  test('leaves a folder to the database that keeps its data there, until that one ends or is gone', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-data-'))
    const first = new DynamoDbLocal({ dataDir })
    const second = new DynamoDbLocal({ dataDir })
    try {
      await first.start()
      await expect(second.start()).rejects.toMatchObject({
        code: 'LOCAL_START',
        message: expect.stringContaining(`in '${dataDir}': process ${process.pid} keeps its own there`),
      })
      await first.stop()

      // As one leaves it that was killed: no process has this id.
      await writeFile(join(dataDir, 'in-use-by.pid'), '4194305')
      await second.start()
      expect((await fetch(second.endpoint, { method: 'POST' })).status).toBe(400)
    } finally {
      await first.stop()
      await second.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test('keeps its port and its data over a restart when it has a folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-data-'))
    const dynamodb = new DynamoDbLocal({ dataDir })
    try {
      await dynamodb.start()
      const { port } = dynamodb
      const client = clientOf(dynamodb)
      await client.send(new CreateTableCommand(TABLE))
      await client.send(new PutItemCommand({ TableName: 'Kept', Item: { pk: { S: 'a' }, n: { N: '7' } } }))

      await dynamodb.stop()
      await dynamodb.start()

      expect(dynamodb.port).toBe(port)
      const { Item } = await client.send(new GetItemCommand({ TableName: 'Kept', Key: { pk: { S: 'a' } } }))
      expect(Item?.n).toEqual({ N: '7' })
      client.destroy()
    } finally {
      await dynamodb.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test.each(['in memory', 'in a folder'])('shows its tables to nobody but who knows its key: %s', async (where) => {
    const dataDir = where === 'in memory' ? undefined : await mkdtemp(join(tmpdir(), 'holdfast-data-'))
    const dynamodb = new DynamoDbLocal({ dataDir })
    const clients: DynamoDBClient[] = []
    const tablesFor = async (accessKeyId: string, { endpoint } = dynamodb) => {
      const client = clientOf({ endpoint, accessKeyId })
      clients.push(client)
      return (await client.send(new ListTablesCommand({}))).TableNames
    }
    try {
      await dynamodb.start()
      const client = clientOf(dynamodb)
      clients.push(client)
      await client.send(new CreateTableCommand(TABLE))
      expect(dynamodb.accessKeyId).toMatch(/^STACK[\dA-F]{32}$/)
      expect(await tablesFor(dynamodb.accessKeyId)).toEqual(['Kept'])
      for (const guessed of ['LOCALAPPLICATION', 'LOCALOPERATOR', 'any']) expect(await tablesFor(guessed)).toEqual([])
      if (dataDir === undefined) return
      // Nobody else on this machine may read the key, or the data themselves.
      const files = await readdir(dataDir)
      expect(files).not.toEqual([])
      for (const file of files) expect((await stat(join(dataDir, file))).mode & 0o077).toBe(0)
      await dynamodb.stop()
      const next = new DynamoDbLocal({ dataDir })
      await next.start()
      const found = await tablesFor(next.accessKeyId, next)
      await next.stop()
      expect(found).toEqual(['Kept'])
    } finally {
      for (const client of clients) client.destroy()
      await dynamodb.stop()
      if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true })
    }
  })

  test.each(['a-file', 'a-file/folder'])('says what to do where it cannot keep its data: %s', async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-data-'))
    try {
      await writeFile(join(folder, 'a-file'), 'not a folder')
      const dataDir = join(folder, name)
      const starting = new DynamoDbLocal({ dataDir }).start()
      await expect(starting).rejects.toMatchObject({ code: 'LOCAL_START', cause: { syscall: 'mkdir' } })
      await expect(starting).rejects.toThrow(
        `cannot keep its data in '${dataDir}': there is a file in its place. Name a folder that can be written in 'dataDir'`,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('Java', () => {
  test('is told by its major version, old numbering and new', () => {
    expect(parseJavaVersion('openjdk version "17.0.15" 2025-04-15')).toBe(17)
    expect(parseJavaVersion('java version "1.8.0_292"')).toBe(8)
    expect(parseJavaVersion('openjdk version "21" 2023-09-19')).toBe(21)
    expect(parseJavaVersion('command not found')).toBeUndefined()
  })

  test('that is too old or missing is refused with the command that installs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-java-'))
    try {
      await writeFile(join(folder, 'java'), '#!/bin/sh\necho \'openjdk version "11.0.2"\' >&2\n', { mode: 0o755 })
      const old = findJava({ PATH: folder })
      await expect(old).rejects.toMatchObject({ code: 'JAVA_MISSING', foundVersion: 11 })
      await expect(old).rejects.toThrow(/needs Java 17 or later, the newest found is 11: run '.+'/)
      const none = findJava({ PATH: join(folder, 'nothing'), JAVA_HOME: folder })
      await expect(none).rejects.toMatchObject({ code: 'JAVA_MISSING', foundVersion: undefined })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('is installed by the package manager of the system', () => {
    expect(installCommand('darwin', '')).toBe('brew install --cask temurin')
    expect(installCommand('linux', 'ID=ubuntu\nID_LIKE=debian\n')).toMatch(/^sudo apt-get install -y openjdk-17-jre/)
    expect(installCommand('linux', 'ID=debian\nVERSION_ID="13"\n')).toMatch(/^sudo apt-get install -y openjdk-21-jre/)
    expect(installCommand('linux', 'ID="amzn"\nID_LIKE="fedora"\n')).toMatch(/^sudo dnf install -y java-17-amazon/)
    expect(installCommand('linux', 'ID=rocky\nID_LIKE="rhel centos fedora"\n')).toMatch(/^sudo dnf install/)
  })
})
