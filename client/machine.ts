import { randomBytes } from 'node:crypto'
import type { Clock, Randomness } from './ports.js'

export const machineClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, fire, kind) {
    const timer = setTimeout(fire, ms)
    if (kind === 'background') timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

export const machineRandomness: Randomness = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  fraction: () => Math.random(),
}
