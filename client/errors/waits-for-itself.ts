import { NestedAccessError } from './arguments.js'

/** The error of an `open` inside an access to the same session, whose end it would wait for. */
export const waitsForItself = (): NestedAccessError =>
  new NestedAccessError(
    'open() would wait for the access around it to the same session: use access(), which joins it, or its session',
  )
