import type { Part } from './frame/part.js'

/** All parts, in the order in which they run. */
export const PARTS: readonly Part[] = []
