import { within } from './within.js'

const never = new Promise<string>(() => {})

describe('the bound on what is open', () => {
  test('changes nothing about what settles in time', async () => {
    await expect(within(Promise.resolve('done'), 1_000, 'it')).resolves.toBe('done')
    await expect(within(Promise.reject(new Error('failed')), 1_000, 'it')).rejects.toThrow('failed')
  })

  test('rejects once the bound has passed', async () => {
    const startMs = performance.now()
    await expect(within(never, 300, 'an access')).rejects.toThrow('an access is still open after 300 ms, its bound')
    expect(performance.now() - startMs).toBeGreaterThan(290)
  })

  test('does not count the time in which the process stood still', async () => {
    const bounded = within(never, 500, 'it')
    // As a process that is frozen for longer than the bound, and then gets its answer.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
    const answered = new Promise<string>((resolve) => setTimeout(resolve, 20, 'done'))
    await expect(Promise.race([answered, bounded])).resolves.toBe('done')
    await expect(bounded).rejects.toThrow('still open')
  })
})
