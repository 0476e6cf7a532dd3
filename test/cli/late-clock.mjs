// A clock that is ten minutes ahead, for a program that is started with --import.
import { moveClock } from '../support/clock.mjs'

moveClock(10 * 60_000)
