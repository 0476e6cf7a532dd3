import { type Belief, onGranted, onLost, onQueued, onRevoke } from '../../../protocol/lock/client-decisions.js'

const hold = (epoch: number, r: number, releasing = false) => ({ epoch, r, releasing })
const nothing: Belief = { hold: undefined, outstanding: undefined }
const asking = (outstanding: number): Belief => ({ hold: undefined, outstanding })
const holding = (epoch: number, r: number): Belief => ({ hold: hold(epoch, r), outstanding: undefined })
const releasing = (epoch: number, r: number): Belief => ({ hold: hold(epoch, r, true), outstanding: undefined })

describe('a grant', () => {
  test('for the outstanding request is accepted', () => {
    expect(onGranted(asking(3), { r: 3, epoch: 9 })).toEqual({ kind: 'accept' })
  })

  test('▸ is accepted at most once per r: the same again is the hold itself and changes nothing', () => {
    expect(onGranted(holding(9, 3), { r: 3, epoch: 9 })).toEqual({ kind: 'stay' })
  })

  test('▸ whose r is not outstanding is answered with release', () => {
    expect(onGranted(nothing, { r: 2, epoch: 9 })).toEqual({ kind: 'stay', release: { epoch: 9, r: 2 } })
    expect(onGranted(asking(3), { r: 2, epoch: 9 })).toEqual({ kind: 'stay', release: { epoch: 9, r: 2 } })
  })

  test('of an older epoch than the hold is given back, and the hold stays', () => {
    expect(onGranted(holding(9, 3), { r: 2, epoch: 7 })).toEqual({ kind: 'stay', release: { epoch: 7, r: 2 } })
  })

  test('▸ newer than the hold drops the hold, and is given back', () => {
    expect(onGranted(holding(9, 3), { r: 2, epoch: 11 })).toEqual({ kind: 'drop', release: { epoch: 11, r: 2 } })
  })

  test('of a hold whose release is under way is answered by that release', () => {
    expect(onGranted(releasing(9, 3), { r: 3, epoch: 9 })).toEqual({ kind: 'stay' })
  })

  test('for the next request is accepted while the last hold’s release is under way', () => {
    expect(onGranted({ hold: hold(9, 3, true), outstanding: 4 }, { r: 4, epoch: 11 })).toEqual({ kind: 'accept' })
  })
})

describe('a place in the queue', () => {
  test('of the outstanding request is kept', () => {
    expect(onQueued(asking(3), { r: 3 })).toEqual({ kind: 'stay' })
  })

  test('▸ whose r is not outstanding is given up', () => {
    expect(onQueued(nothing, { r: 3 })).toEqual({ kind: 'stay', cancel: { r: 3 } })
    expect(onQueued(asking(4), { r: 3 })).toEqual({ kind: 'stay', cancel: { r: 3 } })
    expect(onQueued(holding(9, 4), { r: 3 })).toEqual({ kind: 'stay', cancel: { r: 3 } })
  })

  test('that its own grant has overtaken is not given up: that would give the lock away', () => {
    expect(onQueued(holding(9, 3), { r: 3 })).toEqual({ kind: 'stay' })
  })
})

describe('a revoke', () => {
  test('of the hold drains it, however often it comes', () => {
    expect(onRevoke(holding(9, 3), 9)).toEqual({ kind: 'drain' })
  })

  test('of a hold whose release is under way is answered by that release', () => {
    expect(onRevoke(releasing(9, 3), 9)).toEqual({ kind: 'stay' })
  })

  test('▸ while a request is outstanding is never answered with release: the request is asked at birth', () => {
    expect(onRevoke(asking(3), 9)).toEqual({ kind: 'askedAtBirth' })
  })

  test('▸ of an older epoch than the hold is answered with the release of that epoch, and the hold stays', () => {
    expect(onRevoke(holding(9, 3), 7)).toMatchObject({ kind: 'stay', release: { epoch: 7 } })
  })

  test('▸ of a newer epoch than the hold drops the hold and releases the newer epoch', () => {
    expect(onRevoke(holding(9, 3), 11)).toMatchObject({ kind: 'drop', release: { epoch: 11 } })
  })

  test('▸ with nothing held and nothing outstanding is answered with release', () => {
    expect(onRevoke(nothing, 9)).toMatchObject({ kind: 'stay', release: { epoch: 9 } })
  })
})

describe('word of a loss', () => {
  test('of the hold or a newer one drops it', () => {
    expect(onLost(holding(9, 3), 9)).toEqual({ kind: 'drop' })
    expect(onLost(holding(9, 3), 10)).toEqual({ kind: 'drop' })
  })

  test('of an older epoch, or of nothing, concerns nobody', () => {
    expect(onLost(holding(9, 3), 8)).toEqual({ kind: 'stay' })
    expect(onLost(nothing, 9)).toEqual({ kind: 'stay' })
    expect(onLost(asking(3), 9)).toEqual({ kind: 'stay' })
  })
})
