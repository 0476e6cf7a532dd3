import { createHoldfast } from '../../client/index.js'
import type { Setting } from '../frame/side.js'
import type { Peer } from '../peers/peer.js'
import { PEERS, type PeerName } from '../peers/peers.js'

interface Counted {
  count: number
}

/** Holdfast, with changes written before an access resolves, or with write-back. */
export type CountingName = 'holdfast' | 'holdfastWriteBack' | PeerName

export interface Counting {
  readonly peer: Peer
  /** Sessions that came to this process, from another one or for the first time. Undefined where nobody knows. */
  readonly handoffs: () => number | undefined
  /** Writes at once what would be written later. */
  readonly settle: (id: string) => Promise<void>
}

const isPeer = (name: CountingName): name is PeerName => name !== 'holdfast' && name !== 'holdfastWriteBack'

export const isOnRedis = (name: CountingName): boolean => isPeer(name) && PEERS[name].isOnRedis

export const labelOf = (name: CountingName): string =>
  name === 'holdfast' ? 'Holdfast' : name === 'holdfastWriteBack' ? 'Holdfast, write-back' : PEERS[name].label

/** Opens a way to count in sessions, as the setting names it. */
export async function openCounting({ way }: Setting): Promise<Counting> {
  const name = way as CountingName
  if (isPeer(name)) {
    return { peer: await PEERS[name].open(), handoffs: () => undefined, settle: async () => {} }
  }
  const client = createHoldfast<Counted>({
    namespace: 'bench',
    durability: name === 'holdfast' ? 'access' : 'release',
  })
  let handoffs = 0
  client.on('granted', () => {
    handoffs += 1
  })
  const peer: Peer = {
    read: (id) => client.access(id, { read: ['count'] }, ({ state }) => ({ count: state.count ?? 0 })),
    write: (id, change) =>
      client.access(id, { write: ['count'] }, ({ state }) => {
        const session = { count: state.count ?? 0 }
        change(session)
        state.count = session.count
      }),
    stop: () => client.close(),
  }
  const settle = (id: string) => client.access(id, { read: ['count'] }, (session) => session.commit())
  return { peer, handoffs: () => handoffs, settle }
}
