import type { Part } from './frame/part.js'
import { HANDOFF } from './handoff/handoff.js'
import { MIX } from './mix/mix.js'
import { SCALE } from './scale/scale.js'

/** All parts, in the order in which they run. */
export const PARTS: readonly Part[] = [HANDOFF, MIX, SCALE]
