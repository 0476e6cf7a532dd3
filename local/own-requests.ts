import type { IncomingHttpHeaders } from 'node:http'

/** An address of this machine, which no DNS server answers for; with a port, as a test's proxy may stand before ours. */
const OWN_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/**
 * Why a request is refused; undefined where it is not. Any web page can send requests to ports of this machine, under a name
 * that it makes resolve to 127.0.0.1, and the keys of `holdfast dev` are known to everybody, so that it can sign them, too.
 * A browser says for which page it asks, and no server does.
 */
export function foreign({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
  if (host === undefined || !OWN_HOST.test(host)) return 'A local stack answers under 127.0.0.1 and localhost only'
  return origin === undefined && site === undefined ? undefined : 'A local stack answers no web page'
}
