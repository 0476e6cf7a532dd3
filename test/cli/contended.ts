import type { Holdfast } from '../../client/index.js'
import type { CliStack, Shop } from './cli-stack.js'

/** A session that web-1 uses for as long as the test wants, with web-2 in the queue. */
export interface Contended {
  readonly id: string
  readonly key: string
  readonly first: Holdfast<Shop>
  readonly second: Holdfast<Shop>
  finish(): Promise<void>
}

export async function contended(suite: CliStack): Promise<Contended> {
  const [first, second] = [suite.client('web-1'), suite.client('web-2')]
  const id = await first.create({ cart: { items: ['apple'] }, secret: 'hunter2' })
  let end = () => {}
  const until = new Promise<void>((resolve) => {
    end = resolve
  })
  const wanted = new Promise<void>((tell) => first.on('wanted', () => tell()))
  const using = first.access(id, { write: ['cart'] }, () => until)
  const waiting = second.access(id, { write: ['cart'] }, ({ state }) => {
    state.cart = { items: [] }
  })
  await wanted
  const finish = async () => {
    end()
    await Promise.all([using, waiting])
  }
  return { id, key: first.session(id).key, first, second, finish }
}
