import type { Part } from './frame/part.js'
import { HANDOFF } from './handoff/handoff.js'
import { KEPT_ACCESS } from './kept/kept.js'
import { LEAK } from './leak/leak.js'
import { MIX } from './mix/mix.js'
import { SCALE } from './scale/scale.js'
import { START } from './start/start.js'

/** All parts, in the order in which they run. */
export const PARTS: readonly Part[] = [KEPT_ACCESS, HANDOFF, MIX, SCALE, START, LEAK]
