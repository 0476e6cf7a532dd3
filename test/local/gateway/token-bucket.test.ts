import { TokenBucket, takeFromAll } from '../../../local/gateway/token-bucket.js'

describe('a token bucket', () => {
  let nowMs: number
  let bucket: TokenBucket
  beforeEach(() => {
    nowMs = 0
    bucket = new TokenBucket({ perSecond: 10, burst: 3 }, () => nowMs)
  })
  const take = (times: number): number =>
    Array.from({ length: times }, () => takeFromAll([bucket])).filter((isTaken) => isTaken).length

  it('gives its burst at once, then so many a second, and saves no more than its burst', () => {
    expect(take(5)).toBe(3)
    nowMs += 99
    expect(take(1)).toBe(0)
    nowMs += 1
    expect(take(2)).toBe(1)
    nowMs += 3_600_000
    expect(take(5)).toBe(3)
  })

  it('gives in any time no more than its burst and its rate, however often it is asked', () => {
    let taken = 0
    for (; nowMs < 10_000; nowMs += 1) taken += take(1)
    expect(taken).toBe(102)
  })

  it('gives nothing where another bucket is empty', () => {
    const empty = new TokenBucket({ perSecond: 1, burst: 1 }, () => nowMs)
    expect(takeFromAll([empty, bucket])).toBe(true)
    expect(takeFromAll([bucket, empty])).toBe(false)
    expect(take(5)).toBe(2)
  })

  it('gives nothing for a clock that was set back', () => {
    expect(take(3)).toBe(3)
    nowMs -= 1_000
    expect(take(1)).toBe(0)
    nowMs += 100
    expect(take(2)).toBe(1)
  })
})
