/** What any room of the client may import, besides what its row in {@link MAY_IMPORT} names. */
const BASE = ['client/errors', 'client/ports', 'client/limits', 'protocol']
const OPTIONS = ['client/options', 'client/realms', ...BASE]
const LOCKS = ['client/attribute-locks', ...OPTIONS]

/**
 * Which rooms, or single files, a room may import besides itself. Imports run one way. A file belongs to the longest
 * room that it is in.
 */
export const MAY_IMPORT: { readonly [room: string]: readonly string[] } = {
  protocol: [],
  'protocol/lock': ['protocol'],
  store: ['protocol'],

  'client/realms': [],
  'client/errors': ['protocol'],
  'client/limits': ['protocol'],
  'client/ports': ['protocol'],
  'client/machine': ['client/ports'],
  'client/microtask': [],
  'client/node-http': [],
  'client/abort-listeners': [],
  'client/close-on-signals': [],
  'client/memory-stores': ['client/ports', 'protocol'],
  'client/options': ['client/memory-stores', 'client/realms', ...BASE],
  'client/codec': OPTIONS,
  'client/attribute-locks': OPTIONS,
  'client/scope': LOCKS,
  'client/events': ['client/scope', 'client/microtask', ...OPTIONS],
  'client/process': ['client/microtask', ...BASE],
  'client/state': ['client/abort-listeners', 'client/codec', ...LOCKS],
  'client/session': [
    'client/abort-listeners',
    'client/process',
    'client/state',
    'client/events',
    'client/scope',
    ...LOCKS,
  ],
  'client/access': ['client/session', 'client/state', 'client/scope', 'client/microtask', ...LOCKS],
  'client/api': ['client/access', 'client/state', ...LOCKS],
  'client/holdfast-api': ['client/api', 'client/access', 'client/state', 'client/events', ...LOCKS],
  'client/worker': [
    'client/abort-listeners',
    'client/api',
    'client/access',
    'client/session/life',
    'client/session/session-key',
    'client/state',
    'client/codec',
    'client/scope',
    ...LOCKS,
  ],
  'client/holdfast': [
    'client/api',
    'client/holdfast-api',
    'client/worker',
    'client/access',
    'client/session',
    'client/process',
    'client/state',
    'client/events',
    'client/scope',
    ...LOCKS,
  ],
  'client/create': [
    'client/node-http',
    'client/close-on-signals',
    'client/state/types',
    'client/holdfast',
    'client/machine',
    'client/memory-stores',
    'client/process',
    'store/connecting',
    'store/dynamodb',
    'store/requests',
    ...OPTIONS,
  ],
  'client/adapters/limits': [],
  'client/adapters/fastify': [
    'client/adapters/common',
    'client/adapters/limits',
    'client/api',
    'client/holdfast-api',
    'client/options/check',
    ...BASE,
  ],
  'client/adapters/lambda': [
    'client/adapters/limits',
    'client/access/outcome',
    'client/api',
    'client/holdfast-api',
    'client/options/check',
    ...BASE,
  ],
  'client/adapters/otel': ['client/errors', 'client/events', 'client/holdfast-api', 'protocol'],
  'client/adapters/express-session': [
    'client/adapters/common',
    'client/adapters/limits',
    'client/api',
    'client/node-http',
    'client/holdfast-api',
    ...OPTIONS,
  ],
  'client/adapters/common': [
    'client/adapters/limits',
    'client/api',
    'client/holdfast-api',
    'client/access/outcome',
    'client/access/session',
    'client/scope',
    'client/state/types',
    'client/codec',
    ...LOCKS,
  ],
  'client/adapters/web': [
    'client/adapters/common',
    'client/adapters/limits',
    'client/api',
    'client/holdfast-api',
    'client/state/types',
    ...OPTIONS,
  ],
  'client/index': ['client'],

  functions: ['protocol', 'store'],
  'functions/lambda': ['functions', 'protocol', 'store'],
  operator: ['protocol', 'store'],
  // The construct checks its timing, and finds the bundles of the package that it is in.
  infra: ['protocol', 'local/package-root'],
  'inspector/limits': [],
  'inspector/costs': [],
  'inspector/model': ['inspector/limits', 'inspector/costs'],
  // A browser runs it: it has nothing of Node.js.
  'inspector/page': ['inspector/limits', 'inspector/costs', 'inspector/model'],
  // The test kit gives its user the configuration of a client, and fails as the client does.
  local: ['protocol', 'store', 'client/errors', 'client/options', 'local/memory', 'local/inspector'],
  'local/inspector': ['local', 'inspector/limits', 'inspector/costs', 'inspector/model', 'protocol'],
  // It runs the handlers themselves, and gives the client its ports.
  'local/memory': [
    'local',
    'functions',
    'protocol',
    'store',
    'client/errors',
    'client/machine',
    'client/memory-stores',
    'client/microtask',
    'client/options',
    'client/ports',
  ],

  'cli/limits': [],
  'cli/failure': [],
  'cli/package-version': ['local/package-root'],
  'cli/terminal': ['cli/failure', 'cli/limits'],
  'cli/stack': [
    'cli/failure',
    'cli/limits',
    'cli/terminal',
    'local/fixed',
    'client/session/session-key',
    'operator/options',
    'store/bounded-client',
    ...OPTIONS,
  ],
  'cli/lock': ['cli/failure', 'client/machine', 'client/ports', 'protocol'],
  'cli/view': ['cli/stack', 'cli/limits', 'cli/terminal', 'protocol'],
  'cli/inspect': ['cli/stack', 'cli/view', 'cli/limits', 'inspector/model', 'local/inspector', 'protocol'],
  'cli/dev': ['cli/failure', 'protocol'],
  'cli/cost': ['cli/failure', 'inspector/costs', 'protocol'],
  'cli/doctor': ['cli/stack', 'cli/view', 'cli/limits', 'client/create', 'client/machine', ...OPTIONS],
  'cli/commands': ['cli', 'local', 'client/create', 'client/codec', 'client/process/websocket', 'operator', ...OPTIONS],
  'cli/run': ['cli/commands', 'cli/stack', 'cli/failure', 'cli/package-version', 'cli/terminal', 'client/errors'],
  'cli/main': ['cli/run', 'cli/terminal'],
}

/** The rooms, the longest names first. */
const rooms = Object.keys(MAY_IMPORT).toSorted((a, b) => b.length - a.length)

/** The room that a file is in. Its name has no extension. */
export const roomOf = (name: string): string | undefined => rooms.find((room) => isIn(name, room))

export const isIn = (name: string, room: string): boolean => name === room || name.startsWith(`${room}/`)
