import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { type InvocationHoldfast, withHoldfast } from '../../client/adapters/lambda/index.js'
import { createHoldfast, isHoldfastError } from '../../client/index.js'
import type { ShopSession } from '../shop/shop.js'

/** A Lambda function behind an HTTP API: each visitor has a cart, of which no overlapping request loses anything. */
type Shop = Pick<ShopSession, 'cart'>
type Answer = APIGatewayProxyStructuredResultV2

/** `__Host-`: only over TLS, only of this host, for all paths. */
const COOKIE = '__Host-shop'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax'

// Once for each execution environment: all its invocations share it. Its messages go over HTTPS there.
const client = createHoldfast<Shop>({ namespace: 'lambda-shop', ifMissing: 'fail' })

const answer = (statusCode: number, body: object, more: Answer = {}): Answer => ({
  ...more,
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...more.headers },
  body: JSON.stringify(body),
})

const idIn = ({ cookies = [] }: APIGatewayProxyEventV2): string | undefined =>
  cookies.find((each) => each.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1)

/** Adds to the cart of a session. Undefined where there is none under this id. */
async function addTo(holdfast: InvocationHoldfast<Shop>, id: string, item: string): Promise<number | undefined> {
  try {
    return await holdfast.access(id, { write: ['cart'] }, ({ state }) => {
      state.cart ??= { items: [] }
      return state.cart.items.push(item)
    })
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'SESSION_MISSING') return undefined
    throw error
  }
}

/** A visitor without a session gets a new id: never the one that he sent. */
async function add(holdfast: InvocationHoldfast<Shop>, id: string | undefined, item: string): Promise<Answer> {
  const items = id === undefined ? undefined : await addTo(holdfast, id, item)
  if (items !== undefined) return answer(200, { items })
  const made = await holdfast.create({ cart: { items: [item] } })
  return answer(200, { items: 1 }, { cookies: [`${COOKIE}=${made}; ${ATTRIBUTES}`] })
}

async function route(event: APIGatewayProxyEventV2, holdfast: InvocationHoldfast<Shop>): Promise<Answer> {
  const id = idIn(event)
  switch (event.routeKey) {
    case 'POST /cart/{item}':
      return add(holdfast, id, event.pathParameters?.item ?? '')
    case 'GET /cart':
      // The last commit, without a lock: enough to show.
      return answer(200, { cart: (id === undefined ? undefined : await holdfast.peek(id))?.state.cart?.items ?? [] })
    case 'DELETE /session':
      if (id !== undefined) await holdfast.destroy(id)
      return answer(200, {}, { cookies: [`${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`] })
    default:
      return answer(404, { error: `there is no ${event.routeKey}` })
  }
}

export const handler = withHoldfast(client, async (event: APIGatewayProxyEventV2, _context: Context, holdfast) => {
  try {
    return await route(event, holdfast)
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    // An id that cannot be one came in a cookie.
    if (error.code === 'INVALID_ARGUMENT') return answer(400, { error: error.code })
    if (!error.retryable || error.effect !== 'none') throw error
    return answer(503, { error: error.code }, { headers: { 'retry-after': '1' } })
  }
})
