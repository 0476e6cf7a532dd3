import { readCommand } from '../../inspector/model/play.js'

test.each([
  { do: 'visit', server: 'server-1' },
  { do: 'visit', server: 'server-1', times: 5 },
  { do: 'freeze', server: 'server-1' },
  { do: 'jump', server: 'server-1' },
  { do: 'fault', fault: 'losesPushes', on: true },
  { do: 'fault', fault: 'throttles', on: true },
  { do: 'fault', fault: 'refusesWrites', on: false },
  { do: 'visitors', count: 8 },
  { do: 'restartGateway' },
])('reads the command %j', (command) => {
  expect(readCommand(JSON.stringify(command))).toEqual(command)
})

test.each([
  '',
  'null',
  '1',
  '[]',
  '{}',
  '{"do":"reboot","server":"server-1"}',
  '{"do":"visit"}',
  '{"do":"visit","server":1}',
  '{"do":"visit","server":"server-1","times":1000}',
  '{"do":"visit","server":"server-1","times":0.5}',
  '{"do":"fault","fault":"constructor","on":true}',
  '{"do":"fault","fault":"losesPushes","on":"yes"}',
  '{"do":"visitors","count":-1}',
  '{"do":"visitors","count":1e9}',
])('refuses %j', (text) => {
  expect(readCommand(text)).toBeUndefined()
})
