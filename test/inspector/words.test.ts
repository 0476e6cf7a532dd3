import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fact } from '../../inspector/model/entry.js'
import { ANCHORS, wordsFor } from '../../inspector/model/words.js'
import { packageRoot } from '../../local/package-root.cjs'
import { entriesOf, HANDOFF, pushed, refusal, sent, state } from './entries.js'

const nameOf = (process: string | undefined): string => `server-${process}`
const said = (...facts: readonly Fact[]) => entriesOf(...facts).map((entry) => wordsFor(entry, nameOf)?.text)

test('every step of a handoff is a sentence', () => {
  expect(said(...HANDOFF)).toEqual([
    'server-a asks for the session.',
    'Written: epoch 1, server-a holds it, nobody waits.',
    'There is no session yet: it is claimed afresh under epoch 1.',
    'A commit writes 1 attribute.',
    'A commit writes 1 attribute.',
    'server-b asks for the session.',
    'Written: epoch 1, server-a holds it, server-b waits.',
    'The store asks server-a to give the session back.',
    'server-a has committed everything, and gives the session back.',
    'Written: epoch 2, server-b holds it, nobody waits.',
    'server-b is told that it has the lock.',
    'The fence is raised to 2, and the state is read: older epochs cannot write any more.',
    'A commit writes 1 attribute.',
  ])
})

test('what goes wrong is said, too', () => {
  expect(
    said(
      pushed('a', 'revoke', 'lost'),
      pushed('a', 'revoke', 'gone'),
      sent('b', 'acquire', true),
      { kind: 'message', way: 'throttled', type: 'acquire', process: 'b' },
      refusal('a'),
      { kind: 'refusal', process: 'a', outcome: 'dropped' },
      state('commit', 1, 'ConditionalCheckFailedException'),
      state('commit', 1, 'ThrottlingException'),
    ),
  ).toEqual([
    'The push ‘revoke’ to server-a is lost on its way. The next nudge makes up for it.',
    'The push ‘revoke’ does not reach server-a: its connection is gone.',
    'server-b nudges: it has waited for a while, and asks the store to look again.',
    'The gateway throttles ‘acquire’ of server-b: no function sees it. server-b stays connected, sends less for a while, and tries again.',
    'DynamoDB refuses a write to the lock (ThrottlingException). The function tries it again; where that is in vain, the client sends its message again.',
    'DynamoDB breaks off a write to the record of a process. The function tries it again; where that is in vain, the client sends its message again.',
    'A commit under epoch 1 is refused: a newer holder has raised the fence.',
    'DynamoDB answers a commit with ThrottlingException.',
  ])
})

test('every explanation is a heading of the protocol', () => {
  const headings = [
    ...readFileSync(join(packageRoot, 'docs/internals/protocol.md'), 'utf8').matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
  expect(Object.values(ANCHORS).filter((anchor) => !headings.includes(anchor))).toEqual([])
})
