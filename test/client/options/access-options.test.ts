import { runInNewContext } from 'node:vm'
import { compileAccessOptions } from '../../../client/options/access-options.js'

const DEFAULTS = { timeoutMs: 1, ifMissing: 'create', durability: 'access' } as const
const compile = (signal: unknown) => compileAccessOptions({ signal } as { signal: AbortSignal }, DEFAULTS).signal

describe('the signal of an access', () => {
  it("may be one of Node.js's own or of another realm or library", () => {
    const controller = new AbortController()
    expect(compile(controller.signal)).toBe(controller.signal)
    const foreign: unknown = runInNewContext(
      `(class AbortSignal {
        get aborted() { return false }
        addEventListener() {}
        removeEventListener() {}
      })`,
    )
    const signal = new (foreign as new () => object)()
    expect(compile(signal)).toBe(signal)
  })

  it.each([
    ['an AbortController', new AbortController()],
    ['an event target', new EventTarget()],
    ['a flag', { aborted: false }],
    ['null', null],
    ['true', true],
  ])('is refused where it is %s', (_, signal) => {
    expect(() => compile(signal)).toThrow("'signal' must be an AbortSignal")
  })
})
