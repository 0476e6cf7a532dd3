import { Requests } from '../../store/requests.js'
import { contentsOf } from '../support/contents.js'

const command = { middlewareStack: { add: () => {} } }
const bounds = { timeoutMs: 20, requestsMax: 2 }
const never = () => new Promise<never>(() => {})
const fail = async () => {
  throw new Error('refused')
}

it('requests leave nothing behind, whether they are answered, refused, silent, given up or ended in line', async () => {
  const requests = new Requests(bounds)
  const kinds = [
    () => requests.send(command, async () => 'answered'),
    () => requests.send(command, fail),
    () => requests.send(command, never),
    (signal: AbortSignal) => requests.send(command, never, signal),
  ]
  const all = Array.from({ length: 40 }, (_, index) => {
    const aborter = new AbortController()
    const sent = (kinds[index % kinds.length] as (typeof kinds)[number])(aborter.signal)
    queueMicrotask(() => aborter.abort(new Error('given up')))
    return sent
  })
  const settled = await Promise.allSettled(all)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  const { containers, numbers } = contentsOf(requests, (value) => value === bounds)
  expect(Object.fromEntries(containers)).toEqual({ '.line': 0, '.open': 0 })
  expect(Object.fromEntries(numbers)).toEqual({ '.underWay': 0 })
})
