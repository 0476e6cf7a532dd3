import type { Part } from './frame/part.js'
import { HANDOFF } from './handoff/handoff.js'
import { SCALE } from './scale/scale.js'

/** All parts, in the order in which they run. */
export const PARTS: readonly Part[] = [HANDOFF, SCALE]
