import { parseGatewayFrame } from '../../../client/process/gateway-frame.js'

const about = { connectionId: 'L0SM9cOFvHcCIhw=', requestId: 'm1YV5cOFvHcCIhw=' }

test.each([
  ['Too Many Requests', 'tooMany'],
  ['Limit Exceeded', 'tooMany'],
  ['Rate exceeded', 'tooMany'],
  ['Request throttled', 'tooMany'],
  ['Internal server error', 'failed'],
  ['Endpoint request timed out', 'failed'],
])('a frame of the gateway with the message %j is read as %s', (message, expected) => {
  expect(parseGatewayFrame(JSON.stringify({ message, ...about }))).toBe(expected)
})

test.each([
  ['a message of the store', { type: 'refused', code: 'INTERNAL', message: 'Too Many Requests', ...about }],
  ['one without a connection', { message: 'Too Many Requests' }],
  ['one without words', about],
  ['one whose words are no text', { message: 1, ...about }],
  ['null', null],
])('%s is none', (_, value) => {
  expect(parseGatewayFrame(JSON.stringify(value))).toBeUndefined()
})

test('what is no JSON is none', () => {
  expect(parseGatewayFrame('Too Many Requests')).toBeUndefined()
})
