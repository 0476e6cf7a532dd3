import { termOf, termsToRaise } from '../../../protocol/process/terms.js'
import { compileTiming } from '../../../protocol/timing.js'

const timing = compileTiming({ maxBusyMs: 20_000, storeMarginMs: 900, answerTimeoutMs: 40_000 })
const NONE = { maxBusyMs: undefined, answerTimeoutMs: undefined, storeMarginMs: undefined }
const SAME = { maxBusyMs: 20_000, answerTimeoutMs: 40_000, storeMarginMs: 900 }

describe('the terms of a process', () => {
  test('are those of the function, or longer ones that the process was told', () => {
    expect(termOf(undefined, timing, 'maxBusyMs')).toBe(20_000)
    expect(termOf({ terms: NONE }, timing, 'storeMarginMs')).toBe(900)
    expect(termOf({ terms: { ...SAME, maxBusyMs: 20_001 } }, timing, 'maxBusyMs')).toBe(20_001)
    expect(termOf({ terms: { ...SAME, maxBusyMs: 19_999 } }, timing, 'maxBusyMs')).toBe(20_000)
  })

  test('must be put on record before the process is told of them, where they are longer or not there yet', () => {
    expect(termsToRaise({ terms: NONE }, timing)).toEqual(['maxBusyMs', 'answerTimeoutMs', 'storeMarginMs'])
    expect(termsToRaise({ terms: SAME }, timing)).toEqual([])
    expect(termsToRaise({ terms: { ...SAME, answerTimeoutMs: 39_999 } }, timing)).toEqual(['answerTimeoutMs'])
    expect(termsToRaise({ terms: { ...SAME, answerTimeoutMs: 40_001 } }, timing)).toEqual([])
  })
})
