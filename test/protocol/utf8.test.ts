import * as fc from 'fast-check'
import { utf8Bytes } from '../../protocol/utf8.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`utf8: SEED=${seed}`)

const encoded = (text: string): number => new TextEncoder().encode(text).length

describe('the size of a text', () => {
  test('grows at the borders of UTF-8', () => {
    const texts = ['', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}']
    expect(texts.map(utf8Bytes)).toEqual([0, 1, 2, 2, 3, 3, 4, 4])
    expect(texts.map(encoded)).toEqual([0, 1, 2, 2, 3, 3, 4, 4])
  })

  test('is that of its encoding, also where a surrogate stands alone', () => {
    const unit = fc.constantFrom('a', 'é', '€', '\ud83d', '\ude00', '\u{1f600}', '\ud800', '\udfff')
    const text = fc.oneof(fc.string({ unit, maxLength: 12 }), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(text, (one) => expect(utf8Bytes(one)).toBe(encoded(one))),
      { seed, numRuns: 2_000 },
    )
  })
})
