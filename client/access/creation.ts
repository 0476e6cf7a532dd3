import { InvalidValueError } from '../errors/index.js'
import { checkAttributeName } from '../options/attribute-name.js'
import { checkInit } from '../options/check.js'
import { AttributeCache, type AttributeRules, type Changes } from '../state/attribute-cache.js'

/** The attributes of a session that is to be made, as they will be stored. Throws where they cannot be. */
export function initialAttributes(init: object, rules: AttributeRules): Changes {
  checkInit(init)
  const attributes = new AttributeCache({}, rules)
  const changes = new Map()
  for (const [name, value] of Object.entries(init)) {
    checkAttributeName(name)
    if (value !== undefined) changes.set(name, attributes.encode(name, value))
    else if (!attributes.dropsUndefined) {
      throw new InvalidValueError(name, "undefined cannot be stored: leave it out, or set undefinedValues to 'drop'")
    }
  }
  attributes.checkSize(changes)
  return changes
}
