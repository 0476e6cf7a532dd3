import { readFile, writeFile } from 'node:fs/promises'

/**
 * Sets variables in a file that `node --env-file`, dotenv and shells read. The other lines stay as they are. Values are
 * JSON, so they hold no single quote.
 */
export async function setInFile(file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const names = Object.keys(variables)
  const others = before.split('\n').filter((line) => !names.some((name) => isAssignment(line, name)))
  while (others.at(-1) === '') others.pop()
  const lines = names.map((name) => `${name}='${variables[name]}'`)
  await writeFile(file, `${[...others, ...lines].join('\n')}\n`)
}

const isAssignment = (line: string, name: string): boolean => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line)
