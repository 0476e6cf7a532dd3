import { inRounds } from '../../operator/batches.js'
import { BATCH_ROUNDS_MAX } from '../../operator/limits.js'

describe('a batch', () => {
  it('is sent again where a part of it was left undone', async () => {
    const sent: (readonly number[])[] = []
    await inRounds([1, 2, 3], async (left) => {
      sent.push(left)
      return left.slice(1)
    })
    expect(sent).toEqual([[1, 2, 3], [2, 3], [3]])
  })

  it('is not sent where it has nothing', async () => {
    const send = jest.fn(async () => [])
    await inRounds([], send)
    expect(send).not.toHaveBeenCalled()
  })

  it('fails as throttled where a part is left each time', async () => {
    let rounds = 0
    const left = inRounds([1, 2], async () => {
      rounds += 1
      return [2]
    })
    await expect(left).rejects.toMatchObject({ name: 'ThrottlingException' })
    expect(rounds).toBe(BATCH_ROUNDS_MAX)
  })
})
