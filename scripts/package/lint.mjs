// Whether every way to import the package finds its code and its types: publint and Are The Types Wrong, on what
// `npm publish` would send.
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { problemKindInfo } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { pack } from './tarball.mjs'

/** The client, the worker, the test kit, the construct, and four adapters. */
const ENTRIES_MIN = 8
const ROOT = join(import.meta.dirname, '..', '..')

const { content } = await pack(ROOT)
const bytes = new Uint8Array(content)

const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, strict: true })
for (const message of messages)
  console.log(`publint: ${message.type}: ${formatMessage(message, pkg, { color: false })}`)

const types = await checkPackage(createPackageFromTarballData(bytes))
const problems = types.types === false ? [{ kind: 'NoTypes' }] : types.problems
for (const { kind, ...where } of problems) {
  console.log(`types: ${problemKindInfo[kind]?.shortDescription ?? kind}: ${JSON.stringify(where)}`)
}

const entries = Object.keys(types.entrypoints ?? {})
console.log(`publint: ${messages.length} messages; types: ${problems.length} problems with ${entries.join(', ')}`)
if (messages.length > 0 || problems.length > 0 || entries.length < ENTRIES_MIN) process.exitCode = 1
