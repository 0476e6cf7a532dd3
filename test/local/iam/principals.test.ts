import type { Statement } from '../../../local/iam/permissions.js'
import { may, Principals } from '../../../local/iam/principals.js'

const SPREAD_MS = 4_000
const STATEMENTS: readonly Statement[] = [{ effect: 'Allow', actions: ['a:Do'], resources: ['*'], conditions: [] }]
const SESSION = 'arn:aws:sts::123456789012:assumed-role/Shop/'

describe('an application that is added', () => {
  let nowMs: number
  beforeEach(() => {
    nowMs = 1_000
  })
  const principals = (spreadMs?: number) => new Principals(spreadMs, () => nowMs)
  const isKnown = (all: Principals, { credentials }: ReturnType<Principals['addApplication']>) =>
    all.find(credentials.accessKeyId) !== undefined
  const isAllowed = (principal: ReturnType<Principals['addApplication']>) => may(principal, 'a:Do', 'arn:aws:a:::b')

  it('is known at once where nothing has to spread', () => {
    const all = principals()
    for (const nameOrArn of ['shop', `${SESSION}1`]) {
      const added = all.addApplication(nameOrArn, STATEMENTS)
      expect([isKnown(all, added), isAllowed(added)]).toEqual([true, true])
    }
  })

  it.each(['shop', 'arn:aws:iam::123456789012:user/shop'])(
    'is not known by its key until that has spread, each key anew: %s',
    (user) => {
      const all = principals(SPREAD_MS)
      const first = all.addApplication(user, STATEMENTS)
      nowMs += SPREAD_MS - 1
      const second = all.addApplication(user, STATEMENTS)
      expect([first, second].map((added) => isKnown(all, added))).toEqual([false, false])
      nowMs += 1
      expect([first, second].map((added) => isKnown(all, added))).toEqual([true, false])
      expect(isAllowed(first)).toBe(true)
    },
  )

  it('has no rights as a session of a role until those of the role have spread, and at once from then on', () => {
    const all = principals(SPREAD_MS)
    const first = all.addApplication(`${SESSION}1`, STATEMENTS)
    nowMs += SPREAD_MS - 1
    const second = all.addApplication(`${SESSION}2`, STATEMENTS)
    expect([first, second].map((added) => [isKnown(all, added), isAllowed(added)])).toEqual([
      [true, false],
      [true, false],
    ])
    nowMs += 1
    expect([first, second, all.addApplication(`${SESSION}3`, STATEMENTS)].map(isAllowed)).toEqual([true, true, true])
  })

  it("leaves the stack's own alone", () => {
    const all = principals(SPREAD_MS)
    const own = all.addUser('application', STATEMENTS)
    expect([isKnown(all, own), isAllowed(own)]).toEqual([true, true])
  })
})
