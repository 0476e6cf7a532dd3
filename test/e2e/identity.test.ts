import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { RawClient } from './raw-client.js'

const roleOf = (role: string, name: string, account = '123456789012') =>
  `arn:aws:sts::${account}:assumed-role/${role}/${name}`

/** API Gateway documents the caller's identity for `$connect` only, so the store must need it nowhere else. */
describe.each([false, true])('who a client is, where the gateway repeats the identity: %p', (repeatsIdentity) => {
  const suite = new LocalStackSuite({ gateway: { repeatsIdentity } })

  /** A connection of this principal, which says hello as `owner`. */
  async function greet(userArn: string, owner: RawClient, gen: number): Promise<RawClient> {
    const credentials = suite.stack.addApplication(userArn)
    const client = await suite.connect((stack) => RawClient.connect({ ...stack, credentials }))
    const { processId, secret } = owner
    client.send({ type: 'hello', v: PROTOCOL_VERSION, processId, secret, label: '', gen })
    return client
  }

  /** A process of this principal. */
  async function start(userArn: string): Promise<RawClient> {
    const credentials = suite.stack.addApplication(userArn)
    const client = await suite.connect((stack) => RawClient.join({ ...stack, credentials }))
    expect(suite.stack.gateway.connections().map((connection) => connection.userArn)).toContain(userArn)
    return client
  }

  it('is the role: its sessions may have any name', async () => {
    const owner = await start(roleOf('Shop', 'server-1'))
    const next = await greet(roleOf('Shop', 'server-2'), owner, 2)
    expect(await next.next('welcome')).toMatchObject({ gen: 2 })
    next.send({ type: 'renew', n: 1 })
    expect(await next.next('renewed')).toMatchObject({ n: 1 })
  })

  it('is the role also in another account', async () => {
    const owner = await start(roleOf('Shop', 'server-1', '210987654321'))
    const next = await greet(roleOf('Shop', 'server-2', '210987654321'), owner, 2)
    expect(await next.next('welcome')).toMatchObject({ gen: 2 })
  })

  it('is not proven by a secret: another role, account or user takes over no process', async () => {
    const owner = await start(roleOf('Shop', 'server-1'))
    const others = [
      roleOf('Other', 'server-1'),
      roleOf('Shop', 'server-1', '210987654321'),
      'arn:aws:iam::123456789012:user/Shop',
    ]
    for (const other of others) {
      const thief = await greet(other, owner, 2)
      expect(await thief.next('refused')).toMatchObject({ code: 'WRONG_SECRET', gen: 2 })
      thief.send({ type: 'renew', n: 1 })
      expect(await thief.next('refused')).toMatchObject({ code: 'NO_HELLO' })
    }
    owner.send({ type: 'renew', n: 1 })
    expect(await owner.next('renewed')).toMatchObject({ n: 1 })
  })

  it('is an IAM user as a whole', async () => {
    const owner = await start('arn:aws:iam::123456789012:user/team/shop')
    const next = await greet('arn:aws:iam::123456789012:user/team/shop', owner, 2)
    expect(await next.next('welcome')).toMatchObject({ gen: 2 })
    const thief = await greet('arn:aws:iam::123456789012:user/team/other', owner, 3)
    expect(await thief.next('refused')).toMatchObject({ code: 'WRONG_SECRET' })
  })
})
