/** The infrastructure, for CDK apps: `import { Holdfast } from 'holdfast/infra'`. */
export { Holdfast, type HoldfastProps } from './holdfast.js'
export { HoldfastStack, type HoldfastStackProps } from './stack.js'
