import { runCommand } from './command.js'
import { ShopPlay } from './play/shop-play.js'
import { SHOP_SERVER } from './processes.js'
import { runServers } from './run-servers.js'
import { help } from './shop.js'

/** `npm start`: the local stack and three application servers, until Ctrl-C. The inspector's page can break them. */
const SERVERS = 3

await runCommand(() =>
  runServers(
    SHOP_SERVER,
    SERVERS,
    (...origins) => `Three servers, one session. ${help(...origins)}`,
    (stack, servers) => {
      const play = new ShopPlay(stack, SHOP_SERVER, servers)
      play.show()
      return play
    },
  ),
)
