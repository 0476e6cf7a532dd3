import { runCommand } from './shop/command.js'

/** `npm run example -- NAME`: runs an example to its end, or until Ctrl-C. */
const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['before-after', './before-after/before-after.js'],
  ['express', './express/start.js'],
  ['hono', './hono/start.js'],
  ['fastify', './fastify/start.js'],
])

await runCommand(async () => {
  // The example finds its own options where it would find them if it were started itself.
  const [name = ''] = process.argv.splice(2, 1)
  const script = EXAMPLES.get(name)
  if (script === undefined) {
    throw new RangeError(`expected the name of an example (${[...EXAMPLES.keys()].join(', ')}), received '${name}'`)
  }
  await import(script)
})
