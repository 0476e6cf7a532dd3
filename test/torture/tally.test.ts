import { UnreachableError } from '../../client/errors/index.js'
import { describe as described } from './accesses.js'
import { Tally } from './tally.js'
import { within } from './within.js'

const never = new Promise<never>(() => {})

/** What the tally says of an access that failed with this. */
function said(error: unknown): string[] {
  const lines: string[] = []
  new Tally((line) => lines.push(line)).note({
    type: 'access',
    kind: 'write',
    outcome: 'unknown',
    error: described(error),
  })
  return lines
}

describe('the tally of the torture', () => {
  test('is against an access that is open beyond its bound', async () => {
    const overdue = await within(never, 1, 'an access (write)').catch((error: unknown) => error)
    expect(said(overdue)).toEqual([expect.stringContaining('an access (write) is still open after 1 ms')])
  })

  test('is against an access that takes a fault that passes for a final one', () => {
    const of = (retryable: boolean) => said(new UnreachableError('no AWS credentials', undefined, retryable))
    expect(of(false)).toEqual([expect.stringContaining('UNREACHABLE: no AWS credentials')])
    expect(of(true)).toEqual([])
  })

  test('is against an access that fails with what is no error', () => {
    for (const reason of [undefined, null, 'no credentials']) {
      expect(said(reason)).toEqual([expect.stringContaining('not a HoldfastError')])
    }
  })
})
