import { help } from '../express/help.js'
import { runCommand } from '../shop/command.js'
import { runServers } from '../shop/run-servers.js'

/** `npm run example -- fastify`: the local stack and two servers with Fastify and @fastify/session, until Ctrl-C. */
const SERVERS = 2

await runCommand(() => runServers(new URL('server.js', import.meta.url), SERVERS, help))
