import { runCommand } from './command.js'
import { SHOP_SERVER } from './processes.js'
import { runServers } from './run-servers.js'
import { help } from './shop.js'

/** `npm start`: the local stack and three application servers, until Ctrl-C. */
const SERVERS = 3

await runCommand(() =>
  runServers(SHOP_SERVER, SERVERS, (...origins) => `Three servers, one session. ${help(...origins)}`),
)
