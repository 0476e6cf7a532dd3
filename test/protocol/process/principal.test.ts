import { principalOf } from '../../../protocol/process/principal.js'

describe('the principal of a connection', () => {
  test.each([
    ['arn:aws:sts::123456789012:assumed-role/Shop/i-0abc', 'arn:aws:sts::123456789012:assumed-role/Shop'],
    ['arn:aws:sts::123456789012:assumed-role/Shop/a@b.example', 'arn:aws:sts::123456789012:assumed-role/Shop'],
    ['arn:aws:sts::210987654321:assumed-role/Shop/i-0abc', 'arn:aws:sts::210987654321:assumed-role/Shop'],
    ['arn:aws-us-gov:sts::123456789012:assumed-role/Shop/x', 'arn:aws-us-gov:sts::123456789012:assumed-role/Shop'],
  ])('%s is the role in its account', (userArn, principal) => {
    expect(principalOf(userArn)).toBe(principal)
  })

  test.each([
    'arn:aws:iam::123456789012:user/shop',
    'arn:aws:iam::123456789012:user/division/shop/name',
    'arn:aws:iam::123456789012:root',
    'arn:aws:sts::123456789012:federated-user/shop',
    'arn:aws:sts::123456789012:assumed-role/Shop',
    'arn:aws:iam::123456789012:user/arn:aws:sts::123456789012:assumed-role/Shop/x',
  ])('%s is compared as a whole', (userArn) => {
    expect(principalOf(userArn)).toBe(userArn)
  })
})
