import type { APIGatewayProxyStructuredResultV2, LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import { createHttpsHandler } from '../../functions/lambda/https-handler.js'
import { Log } from '../../functions/lambda/log.js'
import type { Deps } from '../../functions/ports.js'
import type { ClientMessage } from '../../protocol/messages.js'
import { PROCESS_HEADER, SECRET_HEADER } from '../../protocol/process/https.js'
import { compileTiming } from '../../protocol/timing.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { Player, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')
const NOW = 1_800_000_000_000

describe('an event of the function URL', () => {
  let lines: string[]
  let within: number
  let handle: ReturnType<typeof createHttpsHandler>
  beforeEach(() => {
    ;[lines, within] = [[], 0]
    const store = new MemoryStore()
    const log = new Log({ api: 'a/b', hasMetrics: false, nowMs: () => NOW, write: (line) => void lines.push(line) })
    const deps: Deps = {
      store,
      push: async () => true,
      processes: new KnownProcesses(() => NOW),
      nowMs: () => NOW,
      timing: compileTiming(),
      incarnation: new KnownIncarnation(store, () => NOW),
      namespaces: new Map(),
      log: log.add,
    }
    const time = {
      within: <T>(run: () => Promise<T>) => {
        within += 1
        return run()
      },
    }
    handle = createHttpsHandler({ deps, time, log })
  })

  const event = (player: Player, message: ClientMessage | string, about: object = {}) =>
    ({
      requestContext: { authorizer: { iam: { userArn: 'arn:aws:iam::1:user/ada' } }, timeEpoch: NOW, ...about },
      headers: { [PROCESS_HEADER]: player.processId, [SECRET_HEADER]: player.secret },
      body: typeof message === 'string' ? message : JSON.stringify(message),
      isBase64Encoded: false,
    }) as unknown as LambdaFunctionURLEventWithIAMAuthorizer
  const send = async (player: Player, message: ClientMessage | string, about?: object) =>
    (await handle(event(player, message, about))) as APIGatewayProxyStructuredResultV2
  async function join(name: string): Promise<Player> {
    const player = new Player(name)
    const { processId, secret } = player
    await send(player, { type: 'hello', v: 1, processId, secret, label: name, gen: 1 })
    return player
  }

  test('is answered with JSON, within the time of a message', async () => {
    const anna = await join('anna')
    within = 0
    const { statusCode, headers, body } = await send(anna, { type: 'renew', n: 1 })
    expect([statusCode, headers, within]).toEqual([200, { 'content-type': 'application/json' }, 1])
    expect(JSON.parse(body ?? '')).toMatchObject({ type: 'renewed', n: 1 })
  })

  test('is logged under its id, and measured from when it was received', async () => {
    const [anna, bert] = [await join('anna'), await join('bert')]
    const { body } = await send(anna, { type: 'acquire', session: SESSION, r: 1 })
    const { epoch } = JSON.parse(body ?? '') as { readonly epoch: number }
    await send(bert, { type: 'acquire', session: SESSION, r: 1 })
    lines.length = 0
    const about = { requestId: 'Rq3=', timeEpoch: NOW - 40 }
    await send(anna, { type: 'release', session: SESSION, epoch, r: 1 }, about)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'handedOver', requestId: 'Rq3=', HandoffMs: 40, from: anna.processId, to: bert.processId },
    ])
  })

  test('that is refused is logged with its code', async () => {
    await send(new Player('anna'), { type: 'renew', n: 1 }, { requestId: 'Rq4=' })
    const refused = {
      level: 'warn',
      event: 'refused',
      requestId: 'Rq4=',
      code: 'NO_HELLO',
      of: 'renew',
      RefusedByCode: 1,
    }
    expect(lines.map((line) => JSON.parse(line))).toEqual([refused])
  })

  test.each([
    ['context', { headers: {}, body: '{}' }],
    ['caller', { requestContext: { requestId: 'Rq5=' }, body: '{}' }],
    ['caller of IAM', { requestContext: { authorizer: {} }, body: '{}' }],
  ])('without a %s is refused', async (_what, odd) => {
    expect(await handle(odd as unknown as LambdaFunctionURLEventWithIAMAuthorizer)).toEqual({ statusCode: 403 })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', event: 'foreignEvent' })
    expect(within).toBe(0)
  })

  test('that names no process costs no request', async () => {
    const reads = jest.spyOn(MemoryStore.prototype, 'get')
    const nobody = Object.assign(new Player('anna'), { processId: '' })
    const { body } = await send(nobody, { type: 'retire' })
    expect(JSON.parse(body ?? '')).toMatchObject({ type: 'refused', code: 'NO_HELLO' })
    expect(reads).not.toHaveBeenCalled()
    reads.mockRestore()
  })

  test('without headers speaks for no process', async () => {
    const { headers: _, ...bare } = event(new Player('anna'), { type: 'renew', n: 1 })
    const { body } = (await handle(
      bare as LambdaFunctionURLEventWithIAMAuthorizer,
    )) as APIGatewayProxyStructuredResultV2
    expect(JSON.parse(body ?? '')).toMatchObject({ type: 'refused', code: 'NO_HELLO' })
  })
})
