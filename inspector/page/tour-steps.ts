import type { PlayCommand, PlayServer, PlayState } from '../model/play.js'
import type { Timeline } from '../model/timeline.js'
import { ANCHORS } from '../model/words.js'

/** What a step sees of the demo, since it began. */
export interface TourView {
  readonly play: PlayState
  /** Of the visitor's session; only what happened since the step began. */
  readonly timeline: Timeline
  /** The server that holds the visitor's session. */
  readonly holder: PlayServer | undefined
  /** A server that runs, and does not hold it. */
  readonly other: PlayServer | undefined
}

interface TourAction {
  readonly name: (view: TourView) => string
  /** Undefined where it cannot be done now. */
  readonly commands: (view: TourView) => readonly PlayCommand[] | undefined
}

export interface TourStep {
  readonly title: string
  readonly text: string
  readonly actions: readonly TourAction[]
  readonly isDone: (view: TourView) => boolean
  /** What has been seen. */
  readonly lesson: string
  readonly anchor: string
}

const KEPT_VISITS = 5

const visitOther: TourAction = {
  name: ({ other }) => `Visit ${other?.name ?? 'another server'}`,
  commands: ({ other }) => (other === undefined ? undefined : [{ do: 'visit', server: other.name }]),
}

const visitHome: TourAction = {
  name: ({ holder, play }) => `Visit ${(holder ?? play.servers[0])?.name ?? 'a server'} ${KEPT_VISITS} times`,
  commands: ({ holder, play }) => {
    const server = holder ?? play.servers.find(({ state }) => state === 'running')
    return server === undefined ? undefined : [{ do: 'visit', server: server.name, times: KEPT_VISITS }]
  },
}

const visitAll: TourAction = {
  name: () => 'Visit all servers at once',
  commands: ({ play }) =>
    play.servers
      .filter(({ state }) => state === 'running')
      .map(({ name }): PlayCommand => ({ do: 'visit', server: name, times: 3 })),
}

const toHolder = (what: 'kill' | 'freeze', verb: string): TourAction => ({
  name: ({ holder }) => `${verb} ${holder?.name ?? 'the holder'}`,
  commands: ({ holder }) => (holder?.state === 'running' ? [{ do: what, server: holder.name }] : undefined),
})

const toEach = (
  what: 'start' | 'thaw',
  verb: string,
  states: readonly PlayServer['state'][],
  isDue: (view: TourView) => boolean = () => true,
): TourAction => {
  const those = (play: PlayState) => play.servers.filter(({ state }) => states.includes(state))
  return {
    name: ({ play }) => `${verb} ${those(play)[0]?.name ?? 'it'} again`,
    commands: (view) =>
      those(view.play).length === 0 || !isDue(view)
        ? undefined
        : those(view.play).map(({ name }): PlayCommand => ({ do: what, server: name })),
  }
}

const pushes = (on: boolean): TourAction => ({
  name: () => (on ? 'Lose all pushes' : 'Deliver pushes again'),
  commands: ({ play }) => (play.faults.losesPushes === on ? undefined : [{ do: 'fault', fault: 'losesPushes', on }]),
})

const wasTaken = ({ timeline }: TourView): boolean =>
  timeline.handoffs.some(({ kind, claimedAt }) => kind === 'taken' && claimedAt !== undefined)

/** A newcomer's way through the protocol. */
export const TOUR: readonly TourStep[] = [
  {
    title: 'Kept',
    text: 'A visitor puts things into a cart, always on the same server. The server asks for the session once, and keeps it: watch the bar, and the commits on it. No further message goes to the store.',
    actions: [visitHome],
    isDone: ({ timeline }) => timeline.marks.filter(({ kind }) => kind === 'commit').length >= KEPT_VISITS,
    lesson: 'One grant, five commits. Each cost one DynamoDB write; reading would have cost nothing.',
    anchor: ANCHORS.cost,
  },
  {
    title: 'Handed over',
    text: 'Now the same visitor reaches another server. It asks the store, the store asks the holder, the holder commits and releases, and the session goes on there, under a higher epoch.',
    actions: [visitOther],
    isDone: ({ timeline }) =>
      timeline.handoffs.some(({ kind, claimedAt }) => kind === 'handedOver' && claimedAt !== undefined),
    lesson: 'Below the timeline is every message of that handoff. Nothing was lost, and no server had to know another.',
    anchor: ANCHORS.handoff,
  },
  {
    title: 'Queue',
    text: 'Three requests for one session reach all servers at the same time. They stand in a queue, and each server has the session in its turn. Dashed bars are those who wait.',
    actions: [visitAll],
    isDone: ({ timeline, play }) =>
      play.pending === 0 && timeline.handoffs.length >= 2 && timeline.spans.some(({ kind }) => kind === 'wait'),
    lesson:
      'First come, first served. While others wait, a server keeps the session just long enough to do what it has.',
    anchor: ANCHORS.waiting,
  },
  {
    title: 'Crash',
    text: 'Kill the server that holds the session, and visit another one. Nobody can give the session back any more. So the one who waits nudges, until the lease of the dead server has run out: some 20 seconds. The dashed red line is where the lease ends.',
    actions: [toHolder('kill', 'Kill'), visitOther, toEach('start', 'Start', ['killed', 'stopped'])],
    isDone: wasTaken,
    lesson: 'The store took the session from the dead server, with everything that it had acknowledged.',
    anchor: ANCHORS.lease,
  },
  {
    title: 'Freeze',
    text: 'Worse than a crash: a server that stands still, and does not know it. Freeze the holder, visit another one, wait until the session has been taken, and thaw it. It still remembers the session, but both of its clocks tell it that its lease is over.',
    actions: [toHolder('freeze', 'Freeze'), visitOther, toEach('thaw', 'Thaw', ['frozen'], wasTaken)],
    isDone: (view) => wasTaken(view) && view.play.servers.every(({ state }) => state !== 'frozen'),
    lesson:
      'It drops all that it held, and goes on under a new process id. The fence refuses all that it might still write.',
    anchor: ANCHORS.stale,
  },
  {
    title: 'Lost pushes',
    text: 'A push is a message that nobody repeats. Lose all of them, and visit another server: the holder is never asked, and the next one is never told. After two seconds a nudge makes up for each.',
    actions: [pushes(true), visitOther, pushes(false)],
    isDone: ({ timeline, play }) =>
      !play.faults.losesPushes &&
      timeline.marks.some(({ kind }) => kind === 'lostPush') &&
      timeline.handoffs.some(({ claimedAt }) => claimedAt !== undefined),
    lesson: 'Nothing depends on a push: pushes only make it fast.',
    anchor: ANCHORS.whatIf,
  },
]
