import { Simulation } from './simulation.js'

describe('a simulated run', () => {
  it('is made from its seed alone: the same seed gives the same history, and another one another', async () => {
    const hashOf = async (seed: number) => (await new Simulation(seed).run()).hash
    const hashes = [await hashOf(11), await hashOf(12), await hashOf(11)]
    expect(hashes[2]).toBe(hashes[0])
    expect(hashes[1]).not.toBe(hashes[0])
  })

  it('writes, has faults, and comes to a good end', async () => {
    const { violations, landed, counts } = await new Simulation(13).run()
    expect(violations).toEqual([])
    expect(landed).toBeGreaterThan(10)
    expect(Object.values(counts).some((count) => count > 0)).toBe(true)
  })
})
