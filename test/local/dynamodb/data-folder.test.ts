import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataFolder } from '../../../local/dynamodb/data-folder.js'
import { newKey } from '../../../local/dynamodb/database.js'

const OWNER_FILE = 'in-use-by.pid'
const KEY_FILE = 'holdfast.json'

describe('a data folder', () => {
  let path: string
  const put = (name: string, text: string) => writeFile(join(path, name), text)
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'holdfast-data-'))
  })
  afterEach(() => rm(path, { recursive: true, force: true }))

  test('keeps the key of its tables, for its own user alone', async () => {
    const first = new DataFolder(path)
    await first.take(newKey())
    const { accessKeyId } = first
    await first.leave()
    expect(await readdir(path)).toEqual([KEY_FILE])
    expect((await stat(join(path, KEY_FILE))).mode & 0o077).toBe(0)
    const next = new DataFolder(path)
    await next.take(newKey())
    expect(next.accessKeyId).toBe(accessKeyId)
  })

  test('of somebody else is refused, and nothing in it is changed', async () => {
    await put('package.json', '{}')
    await expect(new DataFolder(path).take(newKey())).rejects.toMatchObject({
      code: 'LOCAL_START',
      message: expect.stringContaining(
        `in '${path}': it has other files, such as 'package.json'. Name an empty folder`,
      ),
    })
    expect(await readdir(path)).toEqual(['package.json'])
  })

  test('may have hidden files, as in a repository', async () => {
    await put('.gitignore', '*')
    await new DataFolder(path).take(newKey())
    expect((await readdir(path)).sort()).toEqual(['.gitignore', KEY_FILE, OWNER_FILE])
  })

  test.each([
    ['another version', '{"format":2,"accessKeyId":"STACK"}'],
    ['nobody', '{"format":1,"accessKeyId":"../../elsewhere"}'],
    ['a full disk', ''],
    ['a joker', 'null'],
  ])('with a key of %s is refused, and nothing in it is changed', async (_, text) => {
    await put(KEY_FILE, text)
    await expect(new DataFolder(path).take(newKey())).rejects.toThrow("its 'holdfast.json' is damaged, or of another")
    expect(await readdir(path)).toEqual([KEY_FILE])
    expect(await readFile(join(path, KEY_FILE), 'utf8')).toBe(text)
  })

  // As after a crash. In a container the next process has the same id.
  test.each([
    ['no process has', '4194305 1'],
    ['only the next process has', `${process.pid} 1`],
    ['is not even written', ''],
  ])('is taken from an owner whose id %s', async (_, text) => {
    await put(OWNER_FILE, text)
    const folder = new DataFolder(path)
    await folder.take(newKey())
    expect(await readFile(join(path, OWNER_FILE), 'utf8')).toMatch(new RegExp(`^${process.pid}\\b`))
    await expect(new DataFolder(path).take(newKey())).rejects.toThrow(`process ${process.pid} keeps its own there`)
    await folder.leave()
    expect(await readdir(path)).toEqual([KEY_FILE])
  })

  test('goes to one of two that take it at once after a crash', async () => {
    // The second one starts up to so many steps after the first.
    for (let steps = 0; steps < 16; steps += 1) {
      await put(OWNER_FILE, '4194305 1')
      const [first, second] = [new DataFolder(path), new DataFolder(path)]
      const taking = first.take(newKey())
      for (let step = 0; step < steps; step += 1) await stat(path)
      const taken = await Promise.allSettled([taking, second.take(newKey())])
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await Promise.all([first.leave(), second.leave()])
    }
  })
})
