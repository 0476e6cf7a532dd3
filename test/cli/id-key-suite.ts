import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CliStack } from './cli-stack.js'
import { inPipe, inProcess, inTerminal, jsonOf, startInPipe } from './programs.js'
import { DESTROY, matches, SHOW, WATCH } from './shapes.js'

/** The commands that take an id, where the application hashes ids under a key of its own. */
export function testIdKeys(suite: CliStack): void {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-id-key-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const fileOf = (name: string, content: string | Uint8Array): string => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }

  const TEXT = 'a key of the application'
  const BYTES = Uint8Array.from([0xff, ...randomBytes(30), 0x0a])

  test.each<[string, string | Uint8Array, () => { args: readonly string[]; env: Record<string, string> }]>([
    ['the environment', TEXT, () => ({ args: [], env: { HOLDFAST_ID_KEY: TEXT } })],
    ['a file of text', TEXT, () => ({ args: ['--id-key-file', fileOf('text', `${TEXT}\n`)], env: {} })],
    ['a file of bytes', BYTES, () => ({ args: ['--id-key-file', fileOf('bytes', BYTES)], env: {} })],
  ])('show, watch and destroy find a session by its id with the key of %s', async (_, idKey, given) => {
    const client = suite.client('web-1', { idKey })
    const id = await client.create({ secret: 'x' })
    const { key } = client.session(id)
    const { args, env } = given()
    const surroundings = { env: { ...suite.env, ...env }, input: `${id}\n` }
    const named = ['-', '--namespace', 'shop', '--json', ...args]

    const shown = await inPipe(['show', ...named], surroundings)
    expect(matches(SHOW, jsonOf(shown))).toMatchObject({ session: key, absence: null })
    const watching = startInPipe(['watch', ...named, '--interval', '100', '--events', '1'], surroundings)
    watching.child.stdin?.end(surroundings.input)
    await watching.shows('watching shop#')
    const destroyed = await inPipe(['destroy', ...named, '--yes'], surroundings)
    expect([destroyed.code, matches(DESTROY, jsonOf(destroyed)).session]).toEqual([0, key])
    const watched = await watching.ended
    expect(matches(WATCH, jsonOf(watched)).session).toBe(key)
    for (const { out, err } of [shown, destroyed, watched]) {
      for (const secret of [id, TEXT, Buffer.from(BYTES).toString('base64')]) expect(out + err).not.toContain(secret)
    }
  })

  test('without the key, or with another, no session is found, on a terminal too', async () => {
    const client = suite.client('web-1', { idKey: TEXT })
    const id = await client.create({ secret: 'x' })
    const env = { ...suite.env, HOLDFAST_ID_KEY: 'another key of an application' }
    const [none, other] = await Promise.all([
      inTerminal(['show', id, '--namespace', 'shop'], { env: suite.env }),
      inTerminal(['show', id, '--namespace', 'shop'], { env }),
    ])
    expect([none.code, other.code]).toEqual([3, 3])
    expect(await client.peek(id)).toBeDefined()
  })

  test.each<[string, readonly string[], Record<string, string>, RegExp]>([
    ['is too short', [], { HOLDFAST_ID_KEY: 'short-secret' }, /'idKey' must be .* received 12 bytes/],
    ['is not there', ['--id-key-file', '/nowhere/key'], {}, /--id-key-file cannot be read: ENOENT/],
  ])('a key that %s is a wrong use', async (_, args, env, problem) => {
    const ended = await inProcess(['show', 'an-id', '--namespace', 'shop', ...args], { env: { ...suite.env, ...env } })
    expect(ended).toMatchObject({ code: 2, out: '', err: expect.stringMatching(problem) })
    expect(ended.err).not.toContain('short-secret')
  })
}
