import type { Command } from 'commander'
import type { Terminal } from './terminal.js'

/** Gives a command its options, its help and its action. */
type Define = (command: Command, terminal: Terminal) => void

interface Entry {
  readonly summary: string
  readonly aliases?: readonly string[]
  readonly load: () => Promise<Define>
}

/** All commands, in the order of the help. Each is in a file of its own. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  dev: {
    summary: 'run a whole stack on this machine, and a program that uses it',
    aliases: ['local'],
    load: async () => (await import('./commands/dev.js')).defineDev,
  },
  demo: {
    summary: 'show on this machine what locks are for: servers that want the same session',
    load: async () => (await import('./commands/demo.js')).defineDemo,
  },
  ls: {
    summary: 'list the sessions that are held or waited for, and the processes',
    load: async () => (await import('./commands/ls.js')).defineLs,
  },
  show: {
    summary: 'show one session: its lock, its queue, its attributes and their sizes',
    load: async () => (await import('./commands/show.js')).defineShow,
  },
  top: {
    summary: 'follow what is contended, hot or held for long',
    load: async () => (await import('./commands/top.js')).defineTop,
  },
  watch: {
    summary: 'print the events of one session as they happen',
    load: async () => (await import('./commands/watch.js')).defineWatch,
  },
  inspect: {
    summary: 'show a stack live on a page: processes, sessions, queues, timelines',
    load: async () => (await import('./commands/inspect.js')).defineInspect,
  },
  cost: {
    summary: 'compute what a load costs in a month, and compare',
    load: async () => (await import('./commands/cost.js')).defineCost,
  },
  bench: {
    summary: 'measure a stack with a bounded load, on sessions of its own',
    load: async () => (await import('./commands/bench.js')).defineBench,
  },
  doctor: {
    summary: 'find out what is wrong with a stack, or with the way to it',
    load: async () => (await import('./commands/doctor.js')).defineDoctor,
  },
  release: {
    summary: 'ask for the lock of one session, and give it back',
    load: async () => (await import('./commands/release.js')).defineRelease,
  },
  evict: {
    summary: 'end one process of an application',
    load: async () => (await import('./commands/evict.js')).defineEvict,
  },
  destroy: {
    summary: 'end the life of one session',
    load: async () => (await import('./commands/destroy.js')).defineDestroy,
  },
  incarnation: {
    summary: 'show the incarnation of the locks, or raise it: every process drops what it holds',
    load: async () => (await import('./commands/incarnation.js')).defineIncarnation,
  },
  locks: {
    summary: 'empty the Locks table',
    load: async () => (await import('./commands/locks.js')).defineLocks,
  },
  adopt: {
    summary: 'take sessions from a restored copy of the Sessions table',
    load: async () => (await import('./commands/adopt.js')).defineAdopt,
  },
}
