import { InvalidArgumentError } from '../errors/index.js'

/** The errors for an id that was given for a new session and cannot be one. `name` is that of the option. */

export const inUse = (name: string): InvalidArgumentError =>
  new InvalidArgumentError(`'${name}' is in use: give an id that has no session`)

export const wasRotated = (name: string): InvalidArgumentError =>
  new InvalidArgumentError(`'${name}' was the id of a session that was rotated: it is not used again`)
