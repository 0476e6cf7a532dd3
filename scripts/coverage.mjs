// The branches of protocol/ and client/ that the suites without Java take: npm run coverage. See docs/internals/testing.md.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['protocol', 'client']
const BRANCHES_MIN_PERCENT = 95
const SUITES = ['test/client/', 'test/protocol/', 'test/functions/', 'test/store/memory', 'test/simulation/']
/** These start DynamoDB Local. */
const JAVA_SUITES = ['test/client/codec/dynamodb', 'test/client/worker/(worker|edges|ends)']

const folder = await mkdtemp(join(tmpdir(), 'holdfast-coverage-'))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))

try {
  process.exitCode = (await runSuites()) === 0 ? await judge() : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

/**
 * The counters are put into the code (`babel` means Istanbul): V8's own coverage knows only blocks that were entered or
 * not, and so takes the missing `else` of an `if` that always holds, and the right side of a `??`, for covered or absent.
 */
async function runSuites() {
  const args = [
    ...SUITES,
    ...JAVA_SUITES.map((suite) => `--testPathIgnorePatterns=${suite}`),
    ...FOLDERS.map((name) => `--collectCoverageFrom=${name}/**/*.ts`),
    '--coverage',
    '--coverageProvider=babel',
    '--coverageReporters=json',
    `--coverageDirectory=${folder}`,
    '--silent',
  ]
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  const jest = join(ROOT, 'node_modules', '.bin', 'jest')
  const child = spawn(jest, args, { cwd: ROOT, env, stdio: 'inherit' })
  const [code] = await once(child, 'close')
  return code
}

async function judge() {
  const coverage = JSON.parse(await readFile(join(folder, 'coverage-final.json'), 'utf8'))
  const files = Object.values(coverage).map(branchesOf)
  let missed = false
  for (const name of FOLDERS) {
    const inFolder = files.filter(({ file }) => file.startsWith(`${name}/`))
    const sum = (field) => inFolder.reduce((total, each) => total + each[field], 0)
    const whole = { taken: sum('taken'), all: sum('all') }
    // A folder without a branch to count means that nothing was measured.
    const isEnough = whole.all > 0 && percent(whole) >= BRANCHES_MIN_PERCENT
    missed ||= !isEnough
    const verdict = isEnough ? '' : `, at least ${BRANCHES_MIN_PERCENT} % are expected`
    console.log(`${name}/: ${describe(whole)}${verdict}`)
    for (const each of inFolder.filter((one) => percent(one) < BRANCHES_MIN_PERCENT)) {
      console.log(`  ${each.file}: ${describe(each)}; lines ${each.lines.join(', ')}`)
    }
  }
  return missed ? 1 : 0
}

function branchesOf({ path, branchMap, b: counts }) {
  const branches = Object.entries(counts).flatMap(([id, hits]) =>
    hits.map((hit, index) => ({
      hit,
      line: branchMap[id].locations[index]?.start.line ?? branchMap[id].loc.start.line,
    })),
  )
  const untaken = branches.filter(({ hit }) => hit === 0)
  return {
    file: relative(ROOT, path).replaceAll('\\', '/'),
    taken: branches.length - untaken.length,
    all: branches.length,
    lines: [...new Set(untaken.map(({ line }) => line))].sort((a, b) => a - b),
  }
}

function percent({ taken, all }) {
  return all === 0 ? 100 : (100 * taken) / all
}

function describe(counts) {
  return `${percent(counts).toFixed(2)} % (${counts.taken} of ${counts.all} branches)`
}
