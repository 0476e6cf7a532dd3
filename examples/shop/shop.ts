/** What one visitor's session holds. The Holdfast server and the express-session server keep the same. */
export interface ShopSession {
  cart: { items: string[] }
  profile: { name: string }
  viewed: string[]
}

/** The last items that somebody looked at. */
export const VIEWED_MAX = 10

/** How a server stands: sessions it holds, sessions it waits for, and how often it was given one. */
export interface Standing {
  readonly held: number
  readonly waiting: number
  readonly handoffs: number
}

/** What a server process tells its parent. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly problem: string }
  | ({ readonly kind: 'standing' } & Standing)

/** What to try, on the servers of these origins. */
export function help(...origins: readonly string[]): string {
  const [one = '', two = one, three = one] = origins
  return `With one cookie jar on any of the servers:
  curl -c jar -b jar -X POST ${one}/cart/apple
  curl -c jar -b jar -X POST ${two}/cart/pear
  curl -c jar -b jar ${three}/cart
  curl -c jar -b jar -X PUT -H 'content-type: application/json' -d '{"name":"Ada"}' ${one}/profile
  curl -c jar -b jar -X POST ${two}/viewed/plum
  curl -c jar -b jar ${three}/session
  curl -c jar -b jar -X DELETE ${one}/session
`
}
