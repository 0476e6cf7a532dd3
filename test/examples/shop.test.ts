import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const run = promisify(execFile)
const script = (name: string) => join(packageRoot, 'dist', 'esm', 'examples', 'shop', name)
const environment = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }

/** The processes of a process group, as the system lists them. */
async function groupMembers(group: number): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-eo', 'pgid=,pid=,stat=,comm='])
  return stdout.split('\n').filter((line) => Number(line.trim().split(/\s+/)[0]) === group && !/\sZ/.test(line))
}

describe('the shop', () => {
  let shop: ChildProcess
  let output = ''
  let origins: readonly string[]
  beforeAll(async () => {
    // A group of its own, as a terminal gives one: Ctrl-C reaches all of its members.
    shop = spawn(process.execPath, [script('start.js')], { env: { ...environment, PORT: '38401' }, detached: true })
    await new Promise<void>((resolve, reject) => {
      shop.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('Ctrl-C ends all of it')) resolve()
      })
      shop.stderr?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      shop.once('exit', () => reject(new Error(output)))
    })
    origins = [...output.matchAll(/answers on (http:\S+)/g)].map((match) => match[1] ?? '')
  }, 60_000)
  afterAll(() => {
    if (shop.exitCode === null && shop.pid !== undefined) process.kill(-shop.pid, 'SIGKILL')
  })

  const visit = async (server: number, method: string, path: string, cookie: string, body?: object) => {
    const response = await fetch(`${origins[server]}${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const given = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    return { status: response.status, cookie: given, body: (await response.json()) as Record<string, unknown> }
  }

  it('says what to try, on three servers', async () => {
    expect(origins).toHaveLength(3)
    expect(await (await fetch(`${origins[1]}/`)).text()).toContain(`${origins[1]}/cart/apple`)
  })

  it("keeps a visitor's session together while the requests hop between the servers", async () => {
    const { cookie } = await visit(0, 'POST', '/cart/apple', '')
    expect(cookie).toMatch(/^shop-session=/)
    await Promise.all([1, 2, 0, 1, 2].map((server) => visit(server, 'POST', '/cart/pear', cookie)))
    await visit(1, 'PUT', '/profile', cookie, { name: 'Ada' })
    await visit(2, 'POST', '/viewed/plum', cookie)
    const { body } = await visit(0, 'GET', '/session', cookie)
    expect(body.session).toEqual({
      cart: { items: ['apple', 'pear', 'pear', 'pear', 'pear', 'pear'] },
      profile: { name: 'Ada' },
      viewed: ['plum'],
    })
    expect(await visit(1, 'DELETE', '/session', cookie)).toMatchObject({ status: 200, body: { destroyed: true } })
    expect((await visit(2, 'GET', '/cart', cookie)).body.cart).toEqual([])
  })

  it('refuses a profile without a name', async () => {
    expect(await visit(0, 'PUT', '/profile', '', { nickname: 'A' })).toMatchObject({ status: 400 })
  })

  it('ends on Ctrl-C and leaves no process behind', async () => {
    const group = shop.pid as number
    const exited = once(shop, 'exit')
    process.kill(-group, 'SIGINT')
    expect(await exited).toEqual([0, null])
    expect(await groupMembers(group)).toEqual([])
    // DynamoDB Local runs in a group of its own.
    const { stdout } = await run('ps', ['-eo', 'ppid=,comm='])
    expect(stdout.split('\n').filter((line) => line.trim().startsWith(`${group} `))).toEqual([])
    expect(output).toContain('holdfast: stopped')
  }, 30_000)
})

describe('the demo', () => {
  it('loses no update, and shows both sides', async () => {
    const args = [script('demo.js'), '--users', '8', '--seconds', '3', '--seed', '1']
    const { stdout } = await run(process.execPath, args, { env: environment })
    expect(stdout).toMatch(/\n\s+Holdfast\s+express-session\n/)
    expect(stdout).toMatch(/\nlost updates\s+0\s+\d+\n/)
    expect(stdout).toMatch(/reads of users who stay on one server\s+(100\.0|9\d\.\d) %/)
    expect(stdout).toContain('holdfast: no update was lost')
  }, 60_000)

  it('refuses options that make no sense', async () => {
    const refused = run(process.execPath, [script('demo.js'), '--users', '0'], { env: environment })
    await expect(refused).rejects.toMatchObject({ stderr: expect.stringContaining('--users must be an integer') })
  })
})
