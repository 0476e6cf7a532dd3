import { createEnvironment } from '../../functions/lambda/adapter.js'
import { NOWHERE } from '../../protocol/process/nowhere.js'
import { AwsStage } from './aws-stage.js'
import { Player, sessionOf } from './stage.js'

const SESSION = sessionOf('a session')

describe('the lines of a function in Lambda', () => {
  const stage = new AwsStage()
  const lines = () => stage.lines.splice(0).map((line) => JSON.parse(line))

  test.each([
    ['a caller', { userArn: 'arn:aws:iam::1:user/ada' }, true],
    ['nobody', {}, false],
  ])('say that a connection was not opened, where the gateway names %s', async (_who, identity, hasIdentity) => {
    const connectionId = `of ${hasIdentity}`
    const open = (userArn: string | undefined) =>
      stage.sendRaw({ connectionId, eventType: 'CONNECT', identity: { userArn } }, '')
    if (hasIdentity) await open('arn:aws:iam::1:user/bob')
    stage.lines.length = 0
    expect(await open((identity as { userArn?: string }).userArn)).toEqual({ statusCode: 403 })
    expect(lines()).toEqual([{ level: 'error', event: 'notConnected', hasIdentity }])
  })

  test('say that an event is not of this API, with the id of the request', async () => {
    stage.lines.length = 0
    await stage.sendRaw({ apiId: 'another', connectionId: 'c', requestId: 'Rq2=' }, '{"type":"retire"}')
    await stage.sendRaw({ stage: 'another', connectionId: 'c' }, '{"type":"retire"}')
    expect(lines()).toEqual([
      { level: 'warn', event: 'foreignEvent', requestId: 'Rq2=' },
      { level: 'warn', event: 'foreignEvent' },
    ])
  })

  test('say that a push has failed, and why, but not where its connection is gone', async () => {
    const [anna, bert] = [new Player('anna'), new Player('bert')]
    for (const player of [anna, bert]) await stage.hello(player)
    await stage.send(anna, { type: 'acquire', session: SESSION, r: 1 })
    const faults = [
      [500, 'InternalServerErrorException'],
      [410, 'GoneException'],
    ] as const
    for (const fault of faults) {
      stage.aws.faultOf = ({ operation }) => (operation === 'push' ? fault : undefined)
      stage.lines.length = 0
      await stage.send(bert, { type: 'acquire', session: SESSION, r: 1, nudge: true })
      const line = lines().find(({ event }) => event.startsWith('push'))
      expect(line).toMatchObject(
        fault[0] === 410
          ? { level: 'info', event: 'pushGone', of: 'revoke', process: anna.processId }
          : { level: 'info', event: 'pushFailed', of: 'revoke', error: fault[1] },
      )
    }
  })
})

describe('the environment of a function', () => {
  const stage = new AwsStage()
  const HTTPS_ARN = 'arn:aws:iam::1:user/ada'

  test('confines principals to the namespaces that the deployment names', async () => {
    process.env.HOLDFAST_NAMESPACES = JSON.stringify([[HTTPS_ARN, ['blog']]])
    stage.replaceFunctions()
    const ada = new Player('ada')
    await stage.hello(ada, 1, ada.connectionId, HTTPS_ARN)
    const refused = await stage.send(ada, { type: 'acquire', session: SESSION, r: 1 })
    delete process.env.HOLDFAST_NAMESPACES
    expect(refused).toMatchObject({ type: 'refused', code: 'FORBIDDEN' })
    stage.replaceFunctions()
    expect(await stage.send(ada, { type: 'acquire', session: SESSION, r: 1 })).toMatchObject({ type: 'granted' })
  })

  test.each(['HOLDFAST_API', 'HOLDFAST_CALLBACK_URL', 'HOLDFAST_LOCKS_TABLE', 'AWS_ACCESS_KEY_ID'])(
    'needs the variable %s',
    (name) => {
      const before = process.env[name]
      const problem = `the environment variable ${name} is not set`
      try {
        process.env[name] = ''
        expect(createEnvironment).toThrow(problem)
        delete process.env[name]
        expect(createEnvironment).toThrow(problem)
      } finally {
        process.env[name] = before
      }
    },
  )

  test('pushes nothing to a process that hears nothing', async () => {
    stage.aws.take()
    const { deps } = createEnvironment()
    const revoke = { type: 'revoke', session: SESSION, epoch: 1 } as const
    expect(await deps.push({ connectionId: 'c', endpoint: NOWHERE }, revoke)).toBe(true)
    expect(stage.aws.take()).toEqual([])
    expect(await deps.push({ connectionId: 'c', endpoint: `${stage.aws.url}/live` }, revoke)).toBe(true)
    expect(stage.aws.take()).toEqual(['push revoke'])
  })
})
