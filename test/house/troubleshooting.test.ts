import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WaitTimeoutError } from '../../client/errors/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { filesBelow } from './files.js'

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8')

const CODE = /^ {2}declare readonly code: '([A-Z_]+)'$/gm

test('each error code has an entry that says what to do, where the error says', () => {
  const sources = ['client', 'local'].flatMap(filesBelow).filter((file) => /errors.*\.ts$/.test(file))
  const codes = sources.flatMap((file) => [...read(file).matchAll(CODE)].map(([, code = '']) => code))
  expect(codes.length).toBeGreaterThan(20)
  const error = new WaitTimeoutError({ waitedMs: 1, behind: undefined, holder: undefined, heldMs: undefined })
  const [file = '', anchor] = error.help.replace('holdfast/', '').split('#')
  expect(anchor).toBe('wait_timeout')
  const entries = [...read(file).matchAll(/^## ([A-Z_]+)$/gm)].map(([, code = '']) => code)
  expect(entries).toEqual(codes.toSorted())
})
