import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { CLIENT_SCHEMAS, type Schema } from '../../protocol/message-schema.js'

/** What the documents list by name is what the code has: calls, members, codes, writes, messages and regions. */

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8')
const PROTOCOL = 'docs/internals/protocol.md'
const SESSIONS = 'docs/guide/sessions.md'

/** Of a document, with each line break as a space. */
const flat = (file: string): string => read(file).replaceAll(/\s+/g, ' ')

/** The members of an interface whose body this is. */
const membersIn = (source: string, name: string): readonly string[] => {
  const [, body = ''] = source.split(new RegExp(`^export interface ${name}<`, 'm'))
  const members = (body.split('\n}\n', 1)[0] ?? '').matchAll(/^ {2}(?:readonly )?(\w+)[(:<]/gm)
  return [...new Set([...members].map(([, member = '']) => member))]
}

test('the guide has each call of a client, each member of a session and each code of an error', () => {
  const guide = read(SESSIONS)
  const part = (heading: string): string => guide.split(`\n## ${heading}\n`)[1]?.split('\n## ', 1)[0] ?? ''
  const missing = (heading: string, names: readonly string[]) =>
    names.filter((name) => !new RegExp(`\`[^\`]*\\b${name}\\b`).test(part(heading)))
  const calls = [
    ...membersIn(read('client/api.ts'), 'HoldfastApi'),
    ...membersIn(read('client/holdfast-api.ts'), 'Holdfast'),
  ]
  expect(calls.length).toBeGreaterThan(15)
  expect(missing('The calls', calls)).toEqual([])
  const members = membersIn(read('client/access/session.ts'), 'Session')
  expect(members.length).toBeGreaterThan(15)
  expect(missing('Inside an access', members)).toEqual([])
  const errors = ['base', 'arguments', 'waits', 'losses', 'requests', 'invocation'].map((file) =>
    read(`client/errors/${file}.ts`),
  )
  const codes = [...errors.join('\n').matchAll(/declare readonly code: '([A-Z_]+)'/g)].map(([, code = '']) => code)
  expect(codes.length).toBeGreaterThan(20)
  expect(missing('Errors', codes)).toEqual([])
})

/** The first column of each row that names a write, or several. */
const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/^\| (`\w+`(?:, `\w+`)*)(?:, one transaction)? \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  )

test.each([
  [['protocol/lock/writes.ts', 'protocol/lock/join-writes.ts']],
  [['protocol/process/writes.ts']],
  [['protocol/state/writes.ts']],
])('the protocol has a row for each write of %s', (files) => {
  const [, table = ''] = read(PROTOCOL).split(`| \`${files[0]}\``)
  const rows = namesIn(table.split('\n\n', 1)[0] ?? '')
  const writes = files
    .flatMap((file) => read(file).split(/^export /m))
    .filter((part) => /\): (?:Update|readonly \[Update, Update\]) (?:=>|\{)/.test(part))
    .map((part) => /^(?:const|function) (\w+)/.exec(part)?.[1] ?? '')
  expect(writes.length).toBeGreaterThan(4)
  // `join` chooses among the others.
  expect(rows.toSorted()).toEqual(writes.filter((name) => name !== 'join').toSorted())
})

test('the protocol has each message of a client with its fields, and each code of a refusal', () => {
  const text = read(PROTOCOL)
  const told = new Map(
    [...text.matchAll(/^\| `(\w+) \{(.*?)\}` \| `?(?:\w|the same)/gm)].map(([, type = '', fields = '']) => [
      type,
      fields,
    ]),
  )
  for (const [type, schema] of Object.entries<Schema>(CLIENT_SCHEMAS)) {
    const fields = Object.entries(schema).map(([name, check]) => `${name}${check(undefined) ? '?' : ''}`)
    expect([type, told.get(type)]).toEqual([type, fields.join(', ')])
  }
  const [, union = ''] = read('protocol/messages.ts').split('export type RefusalCode =')
  const codes = [...(union.split('\n\n', 1)[0] ?? '').matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code)
  const [, table = ''] = text.split('| refused with |')
  expect(codes.length).toBeGreaterThan(10)
  expect(namesIn(table.split('\n\n', 1)[0] ?? '').toSorted()).toEqual(codes.toSorted())
})

test('the guide names the regions without function URLs that the construct knows', () => {
  const [, list = ''] = read('infra/https.ts').split('new Set([')
  const regions = [...(list.split('])', 1)[0] ?? '').matchAll(/'([a-z0-9-]+)'/g)].map(([, region = '']) => region)
  const text = flat('docs/guide/lambda.md').replace(
    'ap-southeast-4 to -7',
    '4 5 6 7'.replaceAll(/\d/g, 'ap-southeast-$&'),
  )
  expect(regions.length).toBeGreaterThan(10)
  const [, told = ''] = text.split('named as regions without: ')
  const named = (told.split('leaves the function out', 1)[0] ?? '').match(/\b[a-z]{2}-(?:gov-)?[a-z]+-\d\b/g)
  expect(named?.toSorted()).toEqual(regions.toSorted())
})

test('what documents import of the built code is exported there', () => {
  const imports = [...read(PROTOCOL).matchAll(/import \{ (.*?) \} from '\.\/dist\/esm\/(.*?)\.js'/g)]
  expect(imports.length).toBeGreaterThan(0)
  for (const [, names = '', file = ''] of imports) {
    const source = read(`${file}.ts`)
    expect(names.split(', ').filter((name) => !new RegExp(`^export .*\\b${name}\\b`, 'm').test(source))).toEqual([])
  }
})
