/** The clock may be this far from where it was before it is looked at anew: what is smaller is no jump. */
const STEP_MS = 250

let origin = performance.timeOrigin

/** Of this process's `performance.now()`, in milliseconds since 1970: anew where the clock was set, or the machine slept. */
export function clockOrigin(): number {
  const present = Date.now() - performance.now()
  if (Math.abs(present - origin) > STEP_MS) origin = present
  return origin
}

/** Milliseconds since 1970, with fractions. */
export const clockMs = (): number => clockOrigin() + performance.now()
