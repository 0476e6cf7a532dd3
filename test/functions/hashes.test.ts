import { markOf } from '../../functions/mark.js'
import { secretHashOf } from '../../functions/secret-hash.js'

describe('what records keep in place of a principal and of a secret', () => {
  // Records outlive the functions that wrote them: those of the next version must find the same.
  test('is the same in every version', () => {
    expect(markOf('arn:aws:iam::1:role/shop')).toBe('Q3qe3z')
    expect(secretHashOf('arn:aws:iam::1:role/shop')).toBe('Q3qe3zoWJzaZeondBQplwpY8YVICWGykBvzJmVZDZQY')
  })

  test('is that of no text where nobody is named', () => {
    expect(markOf()).toBe(markOf(''))
    expect(markOf()).toBe('47DEQp')
  })
})
