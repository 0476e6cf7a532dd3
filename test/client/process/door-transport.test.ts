import type { Reply } from '../../../client/ports.js'
import { DoorTransport } from '../../../client/process/door-transport.js'

const HELLO = JSON.stringify({ type: 'hello', processId: 'p', secret: 's' })
const ANSWER: Reply = { text: '{}' }

describe('a connection over HTTPS', () => {
  const opened = (reply: Promise<Reply>) => {
    const told: string[] = []
    const transport = new DoorTransport({ post: () => reply }, { token: () => 'name', fraction: () => 0 })
    const socket = transport.open({
      opened: () => told.push('opened'),
      received: (text) => told.push(text),
      closed: (failure) => told.push(`closed: ${failure?.message}`),
    })
    return { socket, told }
  }
  const settled = () => new Promise(setImmediate)

  test('hears the answer to what it sends', async () => {
    const { socket, told } = opened(Promise.resolve(ANSWER))
    await settled()
    socket.send(HELLO)
    await settled()
    expect(told).toEqual(['opened', '{}'])
  })

  test('hears nothing any more when it is closed, and sends nothing', async () => {
    const { socket, told } = opened(Promise.resolve(ANSWER))
    await settled()
    socket.send(HELLO)
    socket.close()
    socket.close()
    socket.send(HELLO)
    await settled()
    expect(told).toEqual(['opened', 'closed: undefined'])
  })

  test('is over once, with the reason, where messages get no answer', async () => {
    const { socket, told } = opened(Promise.resolve({ failure: { message: 'the reason', kind: 'passing' } }))
    await settled()
    socket.send(HELLO)
    socket.send(HELLO)
    await settled()
    socket.close()
    await settled()
    expect(told).toEqual(['opened', 'closed: the reason'])
  })
})
