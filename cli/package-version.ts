import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../local/package-root.cjs'

export const versionOfPackage = (): string =>
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')).version
