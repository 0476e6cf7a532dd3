import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keepAlive } from '../../local/keep-alive.js'
import { packageRoot } from '../../local/package-root.cjs'
import { ACKNOWLEDGED } from './acknowledged.js'
import { BREAKS, type Break } from './breaks.js'
import { brokenPromises } from './promises.js'
import { compareRights, type Used, usedRights } from './rights.js'
import { guardFindings, judged, nagFindings } from './rules.js'
import { synthesize, VARIANTS } from './variants.js'

/**
 * `npm run check:deploy`: what AWS, or a platform team, would check of the stack, without a connection. With `--breaks` it
 * also makes mistakes, one at a time, and each must be found; `--break <name>` makes one, and fails.
 */
const USAGE = `usage: npm run check:deploy -- [--breaks | --break <name>]
breaks: ${BREAKS.map(({ name }) => name).join(', ')}`

const ASSEMBLY = join(packageRoot, 'dist', 'cdk.out')
const TEMPLATE = 'Holdfast.template.json'
const folder = mkdtempSync(join(tmpdir(), 'holdfast-deploy-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

function options() {
  try {
    const { values } = parseArgs({
      options: { break: { type: 'string' }, breaks: { type: 'boolean', default: false } },
    })
    const chosen = values.breaks ? BREAKS : BREAKS.filter(({ name }) => name === values.break)
    if (values.break !== undefined && chosen.length === 0) throw new RangeError(`there is no break '${values.break}'`)
    return { ...values, chosen }
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

/** Says what is wrong with all variants, and returns whether nothing is. */
function checkVariants(): boolean {
  const needed = new Set<string>()
  let isFine = true
  for (const [index, variant] of VARIANTS.entries()) {
    const { app, files } = synthesize(variant, join(folder, String(index)))
    const promises = files.flatMap((file) => brokenPromises(JSON.parse(readFileSync(file, 'utf8'))))
    const { acknowledged, places, open } = judged([...nagFindings(app), ...guardFindings(files)])
    for (const rule of acknowledged) needed.add(rule)
    console.log(
      `${variant.name}: ${files.length} template, ${acknowledged.size} rules acknowledged at ${places} places`,
    )
    const counted =
      places === variant.acknowledged
        ? []
        : [`acknowledged at ${places} places, and the variant says ${variant.acknowledged}: is each meant?`]
    for (const problem of [...promises, ...counted, ...open.map(({ rule, text }) => `${rule}: ${text}`)]) {
      isFine = false
      console.log(`  ${problem}`)
    }
  }
  for (const { rules } of ACKNOWLEDGED) {
    const unneeded = rules.filter((rule) => !needed.has(rule))
    if (unneeded.length === 0) continue
    isFine = false
    console.log(`  acknowledged, and no variant needs it: ${unneeded.join(', ')}`)
  }
  return isFine
}

/** Everything that is wrong with the stack of this repository after a mistake. */
function problemsAfter({ apply, isForeign = false }: Break, used: readonly Used[]): readonly string[] {
  const root = mkdtempSync(join(folder, 'break-'))
  const broken = join(root, 'cdk.out')
  cpSync(ASSEMBLY, broken, { recursive: true })
  // The assembly names the functions' code by its place beside itself.
  symlinkSync(join(ASSEMBLY, '..', 'lambda'), join(root, 'lambda'))
  const file = join(broken, TEMPLATE)
  const template = JSON.parse(readFileSync(file, 'utf8'))
  apply(template)
  writeFileSync(file, JSON.stringify(template))
  const promises = brokenPromises(template)
  if (promises.length > 0) return promises
  const { missing, unused } = isForeign ? { missing: [], unused: [] } : compareRights(broken, used)
  if (missing.length + unused.length > 0) return [...missing, ...unused]
  const [before, after] = [join(ASSEMBLY, TEMPLATE), file].map((each) => judged(guardFindings([each])))
  const counted = before?.places === after?.places ? [] : ['acknowledged at another number of places']
  return [...counted, ...(after?.open ?? []).map(({ rule }) => rule)]
}

async function main({ chosen, breaks, break: only }: ReturnType<typeof options>): Promise<boolean> {
  const used = await usedRights(ASSEMBLY)
  if (only !== undefined) {
    const problems = chosen.flatMap((each) => problemsAfter(each, used))
    for (const problem of problems) console.log(problem)
    return problems.length === 0
  }
  let isFine = checkVariants()
  const { missing, unused } = compareRights(ASSEMBLY, used)
  console.log(`rights: ${used.length} used, ${missing.length} missing, ${unused.length} given and never used`)
  for (const { who, action } of used) console.log(`  ${who} ${action}`)
  for (const problem of [...missing, ...unused]) {
    isFine = false
    console.log(`  ${problem}`)
  }
  for (const each of chosen) {
    const finding = problemsAfter(each, used).find((problem) => each.found.test(problem))
    if (finding === undefined) isFine = false
    console.log(
      `${finding === undefined ? 'NOT FOUND' : 'found'}: ${each.name}${finding === undefined ? '' : ` (${finding})`}`,
    )
  }
  if (breaks) console.log(`${chosen.length} breaks made`)
  return isFine
}

// The local stack keeps no process alive.
process.exitCode = (await keepAlive(main(options()))) ? 0 : 1
