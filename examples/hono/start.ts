import { help } from '../express/help.js'
import { runCommand } from '../shop/command.js'
import { runServers } from '../shop/run-servers.js'

/** `npm run example -- hono`: the local stack and two servers with Hono, until Ctrl-C. */
const SERVERS = 2

await runCommand(() => runServers(new URL('server.js', import.meta.url), SERVERS, help))
