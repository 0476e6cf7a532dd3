import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { keepAlive } from '../../local/keep-alive.js'
import { ACKNOWLEDGED } from './acknowledged.js'
import { BREAKS, type Break, withoutEach } from './breaks.js'
import { EVERY_GRANT } from './grantees.js'
import { actionsOf, brokenPromises, type Template } from './promises.js'
import { grantedBy, wrongRights } from './rights.js'
import { guardFindings, judged, nagFindings } from './rules.js'
import { isExplained, UNUSED } from './unused.js'
import { lineOf, type Used, usedRights } from './usage.js'
import { synthesize, VARIANTS } from './variants.js'

/**
 * `npm run check:deploy`: what AWS, or a platform team, would check of the stack, without a connection. With `--breaks` it
 * also makes mistakes, one at a time, and each must be found; `--break <name>` makes one, and fails.
 */
const TEMPLATE = 'Holdfast.template.json'
const folder = mkdtempSync(join(tmpdir(), 'holdfast-deploy-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
/** The stack with every grantee. Copies stand beside it, since an assembly names the functions' code by its place. */
const ASSEMBLY = join(folder, 'every-grant')
synthesize(EVERY_GRANT, ASSEMBLY)
const ALL = [...withoutEach(grantedBy(ASSEMBLY)), ...BREAKS]
const USAGE = `usage: npm run check:deploy -- [--breaks | --break <name>]
breaks: ${ALL.map(({ name }) => name).join(', ')}`

function options() {
  try {
    const { values } = parseArgs({
      options: { break: { type: 'string' }, breaks: { type: 'boolean', default: false } },
    })
    const chosen = values.breaks ? ALL : ALL.filter(({ name }) => name === values.break)
    if (values.break !== undefined && chosen.length === 0) throw new RangeError(`there is no break '${values.break}'`)
    return { ...values, chosen }
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
}

const readTemplate = (file: string): Template => JSON.parse(readFileSync(file, 'utf8'))

/** Says what is wrong with all variants. Returns whether nothing is, and the actions that their policies allow. */
function checkVariants() {
  const needed = new Set<string>()
  const given = new Set<string>()
  let isFine = true
  for (const [index, variant] of VARIANTS.entries()) {
    const { app, files } = synthesize(variant, join(folder, String(index)))
    const templates = files.map(readTemplate)
    const promises = templates.flatMap(brokenPromises)
    for (const action of templates.flatMap(actionsOf)) given.add(action)
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
  return { isFine, given: [...given] }
}

/** What is wrong with the reasons for rights that nobody uses. */
function unexplained(given: readonly string[], used: readonly Used[]): readonly string[] {
  const unused = given.filter((action) => used.every((right) => right.action !== action))
  const explained = UNUSED.flatMap(({ actions }) => actions)
  return [
    ...unused.filter((action) => !isExplained(action)).map((action) => `given, never used, and no reason: ${action}`),
    ...explained
      .filter((action) => !unused.includes(action))
      .map((action) => `a reason for what is used, or not given: ${action}`),
  ]
}

/** Where rules are acknowledged without a mistake: counted once, since it takes a second. */
let placesBefore: number | undefined

/** Everything that is wrong with the stack of this repository after a mistake. */
function problemsAfter({ apply, isForeign = false }: Break, used: readonly Used[]): readonly string[] {
  const broken = mkdtempSync(join(folder, 'break-'))
  cpSync(ASSEMBLY, broken, { recursive: true })
  const file = join(broken, TEMPLATE)
  const template = readTemplate(file)
  apply(template)
  writeFileSync(file, JSON.stringify(template))
  const promises = brokenPromises(template)
  if (promises.length > 0) return promises
  const wrong = isForeign ? [] : wrongRights(broken, used)
  if (wrong.length > 0) return wrong
  placesBefore ??= judged(guardFindings([join(ASSEMBLY, TEMPLATE)])).places
  const { places, open } = judged(guardFindings([file]))
  const counted = places === placesBefore ? [] : ['acknowledged at another number of places']
  return [...counted, ...open.map(({ rule }) => rule)]
}

async function main({ chosen, breaks, break: only }: ReturnType<typeof options>): Promise<boolean> {
  const used = await usedRights(ASSEMBLY)
  if (only !== undefined) {
    const problems = chosen.flatMap((each) => problemsAfter(each, used))
    for (const problem of problems) console.log(problem)
    return problems.length === 0
  }
  const checked = checkVariants()
  let { isFine } = checked
  const wrong = [...wrongRights(ASSEMBLY, used), ...unexplained(checked.given, used)]
  console.log(`rights: ${used.length} used, ${wrong.length} missing, or given and never used without a reason`)
  for (const right of used) console.log(`  ${lineOf(right)}`)
  for (const problem of wrong) {
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
