import { parseArgs } from 'node:util'
import { benchmark } from './benchmark.js'
import { PARTS } from './parts.js'

const USAGE = `usage: npm run bench -- [part ...] [--quick] [--latency aws] [--publish]
  part            ${PARTS.map(({ name }) => name).join(', ')}: without one, all
  --quick         small and on this Node.js: its counts are true, its times say little
  --latency aws   with answers that take as long as on AWS: its tables say "modelled"
  --publish       keeps the results in docs/internals/performance/, and makes docs/internals/performance.md from all that is kept there`

// Each process of a side would say so again.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
process.exitCode = await run()

async function run(): Promise<number> {
  const options = { quick: { type: 'boolean' }, latency: { type: 'string' }, publish: { type: 'boolean' } } as const
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>
  try {
    parsed = parseArgs({ options, allowPositionals: true })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = parsed
  if (values.latency !== undefined && values.latency !== 'aws') return refuse(`--latency is aws, not ${values.latency}`)
  const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name))
  if (unknown !== undefined) return refuse(`there is no part ${unknown}`)
  if (values.quick === true && values.publish === true)
    return refuse('the times of --quick say too little to be published')
  const parts = positionals.length === 0 ? PARTS : PARTS.filter(({ name }) => positionals.includes(name))
  return benchmark(parts, {
    isQuick: values.quick === true,
    isModelled: values.latency === 'aws',
    isPublished: values.publish === true,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
  })
}

function refuse(problem: string): number {
  console.error(`${problem}\n${USAGE}`)
  return 2
}
