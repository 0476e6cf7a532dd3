import { Ranked, Recency } from '../../../client/session/recency.js'
import { Random } from '../../support/random.js'

class Item extends Ranked {
  constructor(readonly name: number) {
    super()
  }
}

describe('the order of use', () => {
  it('is that of a list to whose end every used item moves, whatever is used, removed and asked for', () => {
    const random = new Random(7)
    const order = new Recency<Item>()
    const items = Array.from({ length: 40 }, (_, name) => new Item(name))
    let list: Item[] = []
    const found: (readonly [Item | undefined, number])[] = []
    const expected: (readonly [Item | undefined, number])[] = []
    for (let turn = 0; turn < 20_000; turn += 1) {
      const item = items[random.integer(0, items.length - 1)] as Item
      const what = random.fraction()
      if (what < 0.8) {
        order.use(item)
        list = [...list.filter((each) => each !== item), item]
      } else if (what < 0.9) {
        order.remove(item)
        list = list.filter((each) => each !== item)
      } else {
        found.push([order.leastRecent, order.size])
        expected.push([list[0], list.length])
      }
    }
    expect(found).toEqual(expected)
    expect(order.items().map(({ name }) => name)).toEqual(list.map(({ name }) => name))
    expect(list.length).toBeGreaterThan(10)
  })

  it('ends with its last item', () => {
    const order = new Recency<Item>()
    const item = new Item(1)
    order.use(item)
    order.use(item)
    expect(order.leastRecent).toBe(item)
    order.remove(item)
    order.remove(item)
    expect(order.leastRecent).toBeUndefined()
    order.use(item)
    expect(order.items()).toEqual([item])
  })
})
