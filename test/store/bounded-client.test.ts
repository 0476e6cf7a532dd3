import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { bounded } from '../../store/bounded-client.js'

const TIMEOUT_MS = 300
/** Longer than any answer takes on a loaded machine. */
const LONG_MS = 29_989
const CREDENTIALS = { accessKeyId: 'A', secretAccessKey: 'x' }

describe('a request of a bounded client', () => {
  let server: Server | undefined
  let client: DynamoDBClient | undefined
  afterEach(() => {
    client?.destroy()
    server?.closeAllConnections()
    server?.close()
  })

  const listed = async (answer: RequestListener, timeoutMs = TIMEOUT_MS, credentials: object = CREDENTIALS) => {
    server = createServer(answer)
    await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    client = bounded(
      new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials: credentials as never }),
      timeoutMs,
    )
    return client.send(new ListTablesCommand({}))
  }
  const late = { name: 'TimeoutError', message: `no whole answer within ${TIMEOUT_MS} ms` }

  it('is answered as ever', async () => {
    const answer: RequestListener = (_request, response) => response.end('{"TableNames":["locks"]}')
    expect((await listed(answer, LONG_MS)).TableNames).toEqual(['locks'])
  })

  it('leaves no timer behind once it is answered', async () => {
    const made = jest.spyOn(globalThis, 'setTimeout')
    const ended = jest.spyOn(globalThis, 'clearTimeout')
    await listed((_request, response) => response.end('{}'), LONG_MS)
    const bounds = made.mock.results.filter((_timer, index) => made.mock.calls[index]?.[1] === LONG_MS)
    expect(bounds.length).toBeGreaterThan(0)
    for (const { value } of bounds) expect(ended).toHaveBeenCalledWith(value)
    jest.restoreAllMocks()
  })

  it('fails in time where nothing answers', async () => {
    await expect(listed(() => {})).rejects.toMatchObject(late)
  })

  it('fails in time where the body stalls', async () => {
    const answer: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"Table')
    }
    await expect(listed(answer)).rejects.toMatchObject(late)
  })

  it('fails in time where there are no credentials', async () => {
    await expect(
      listed(
        () => {},
        TIMEOUT_MS,
        () => new Promise(() => {}),
      ),
    ).rejects.toMatchObject(late)
  })
})
