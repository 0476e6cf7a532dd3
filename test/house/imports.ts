import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'

export interface Import {
  readonly file: string
  readonly specifier: string
  /** The file of this repository that is imported, less its extension, or undefined for a package. */
  readonly target: string | undefined
}

/** Every import of a source file, type-only ones too. */
export function importsOf(file: string): readonly Import[] {
  const source = readFileSync(join(packageRoot, file), 'utf8')
  return specifiersIn(source).map((specifier) => ({ file, specifier, target: targetOf(file, specifier) }))
}

/** A statement starts its line, which one in a comment does not. */
export function specifiersIn(source: string): readonly string[] {
  const statements = source.matchAll(/^[ \t]*(?:import|export)\b[^;'"()]*\bfrom\s*(['"])(?<specifier>[^'"]+)\1/gm)
  const bare = source.matchAll(/^[ \t]*import\s*(['"])(?<specifier>[^'"]+)\1/gm)
  const calls = source.matchAll(/\b(?:import|require)\(\s*(['"])(?<specifier>[^'"]+)\1\s*\)/g)
  return [...statements, ...bare, ...calls].map((match) => match.groups?.specifier ?? '')
}

export const withoutExtension = (file: string): string => file.replace(/\.c?[jt]sx?$/, '')

const targetOf = (file: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? withoutExtension(posix.join(posix.dirname(file), specifier)) : undefined
