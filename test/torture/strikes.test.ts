import type { Order } from './messages.js'
import { Provider } from './provider.js'
import type { HttpMessage, Trouble } from './proxy.js'
import { stallBodies, troubleProvider } from './strikes.js'

const provider = new Provider({ accessKeyId: 'id', secretAccessKey: 'secret' })

/** A slot whose process carries out the orders to its provider, while it lives. */
class FakeSlot {
  isAlive = true

  async ask(order: Order): Promise<unknown> {
    if (!this.isAlive || order.type !== 'provider') throw new Error('died')
    return provider.become(order.mode)
  }
}

describe('strikes of the torture', () => {
  test('are counted for each body that stalls', () => {
    const troubles: Trouble[] = []
    const ended = jest.fn()
    const proxy = {
      trouble: (trouble: Trouble) => {
        troubles.push(trouble)
        return ended
      },
    }
    const { end, struck } = stallBodies(proxy, ({ operation }) => operation === 'GetItem')
    const passes = (operation: string) => troubles[0]?.stalls?.({ way: 'toClient', operation } satisfies HttpMessage)
    expect(['GetItem', 'UpdateItem', 'GetItem'].map(passes)).toEqual([true, false, true])
    end()
    expect([struck(), ended.mock.calls.length]).toEqual([2, 1])
  })

  test('are counted for each call of a provider that fails, until it answers again', async () => {
    const strikes = await troubleProvider(new FakeSlot(), 'fails')
    await expect(provider.provide()).rejects.toBeDefined()
    await strikes?.end()
    await expect(provider.provide()).resolves.toBeDefined()
    expect(strikes?.struck()).toBe(1)
  })

  test('are none where there is no process, or where it dies before it tells', async () => {
    const slot = new FakeSlot()
    const strikes = await troubleProvider(slot, 'hangs')
    void provider.provide()
    slot.isAlive = false
    await strikes?.end()
    expect(strikes?.struck()).toBe(0)
    expect(await troubleProvider(slot, 'hangs')).toBeUndefined()
  })
})
