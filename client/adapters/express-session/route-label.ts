/** What Express knows of the route of a request, as far as it has come. */
interface Routed {
  readonly method: string
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
}

/**
 * Names a request by its method and the pattern of its route, as far as Express knows them now. Its path may contain
 * secrets.
 */
export function labelOf({ method, baseUrl = '', route }: Routed): string {
  const pattern = typeof route?.path === 'string' ? route.path : ''
  const path = `${patternOf(baseUrl)}${pattern}`
  return path === '' ? method : `${method} ${path}`
}

/** The path that a router is mounted at. Express keeps no pattern of it: parts that may be values are left out. */
const patternOf = (baseUrl: string): string =>
  baseUrl.replace(/[^/]+/g, (part) =>
    /^([A-Za-z]+([_-][A-Za-z]+)*|v\d+)$/.test(part) && part.length <= 32 ? part : '*',
  )
