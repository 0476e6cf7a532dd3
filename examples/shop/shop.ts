/** The session of one visitor. The servers of the demo that do not use Holdfast keep the same. */
export interface ShopSession {
  cart: { items: string[] }
  profile: { name: string }
  viewed: string[]
}

/** The last items that somebody looked at. */
export const VIEWED_MAX = 10

/** The name in a request's body, or undefined where there is none that will do. */
export function nameIn(body: unknown): string | undefined {
  const name = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

export const NAME_EXPECTED = 'expected a JSON body such as {"name":"Ada"}'

/** Commands to try, on the servers of these origins. */
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
