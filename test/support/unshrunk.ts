import * as fc from 'fast-check'

/** For mutation testing: that a property fails is enough, and shrinking takes most of the time. */
fc.configureGlobal({ endOnFailure: true })
