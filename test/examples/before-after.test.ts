import { Program, survivors } from './programs.js'

/** The cells of the rows with this label: first those of the adds to one cart, then those of the adds to an attribute each. */
const rows = (output: string, label: string): readonly (readonly number[])[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith(`  ${label} `) && /\d$/.test(line.trimEnd()))
    .map((line) =>
      line
        .slice(label.length + 2)
        .trim()
        .split(/ +/)
        .map(Number),
    )

describe('the example before-after', () => {
  let example: Program | undefined
  afterEach(() => example?.remove())

  test('keeps with Holdfast all that was acknowledged, and overwrites most of it with other stores', async () => {
    example = Program.start('run.js', ['before-after'])
    const code = await example.ends()
    const { output } = example
    expect(output).toMatch(/ connect-dynamodb +connect-redis +Holdfast 'write' +Holdfast 'merge'\n/)
    const [acknowledged = [], notesAcknowledged] = rows(output, 'acknowledged')
    const [conflicts = []] = rows(output, 'answered 409')
    const [kept = []] = rows(output, 'kept')
    const [overwritten = [], notesOverwritten = []] = rows(output, 'overwritten')
    // The same adds and the same count do find losses.
    expect(acknowledged.slice(0, 3)).toEqual([200, 200, 200])
    for (const other of overwritten.slice(0, 2)) expect(other).toBeGreaterThan(0)
    expect(kept[2]).toBe(200)
    expect((kept[3] ?? 0) + (conflicts[3] ?? 0)).toBe(200)
    expect(overwritten.slice(2)).toEqual([0, 0])
    expect(notesAcknowledged).toEqual([40, 40, 40, 40])
    expect(notesOverwritten.slice(2)).toEqual([0, 0])
    expect(rows(output, 'answered otherwise')).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ])
    expect(output).toMatch(/holdfast: p50 and all of the 200: Holdfast 'write' \d+ ms, \d+ ms; connect-dynamodb \d+ ms/)
    expect(code).toBe(0)
  }, 120_000)

  test('ends on Ctrl-C, and leaves no process behind', async () => {
    example = Program.start('run.js', ['before-after'])
    await example.says('connect-redis\n')
    const before = await example.descendants()
    example.interrupt()
    expect(await example.ends()).toBe(130)
    expect(await survivors(before)).toEqual([])
  }, 60_000)

  test('is told by name', async () => {
    example = Program.start('run.js', ['before'])
    expect(await example.ends()).toBe(1)
    expect(example.output).toMatch(
      /^holdfast: expected the name of an example \(before-after, [^)]*\), received 'before'\n$/,
    )
  })
})
