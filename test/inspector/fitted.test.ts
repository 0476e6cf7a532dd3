import { fitted } from '../../inspector/page/fitted.js'

const widthOf = (text: string) => 7 * Array.from(text).length

test.each([
  ['server-1', 56, 'server-1'],
  ['checkout-worker-7', 56, 'checkou…'],
  ['😀😀😀😀', 21, '😀😀…'],
  ['server-1', 3, '…'],
  ['', 0, ''],
])('%j in %i px is %j', (text, width, shown) => {
  expect(fitted(text, width, widthOf)).toBe(shown)
})
