import { RemovalPolicy } from 'aws-cdk-lib'
import { propsFromContext } from '../../infra/context.js'
import { createApp } from './synthesis.js'

const propsWith = (context: { readonly [name: string]: unknown }) => {
  const { node } = createApp()
  for (const [name, value] of Object.entries(context)) node.setContext(name, value)
  return propsFromContext(node)
}

const TRIAL = { removalPolicy: RemovalPolicy.DESTROY, deletionProtection: false }

describe('the context of the CDK app', () => {
  test.each([
    [{}, {}],
    [{ disposable: 'true' }, TRIAL],
    [{ disposable: true }, TRIAL],
    [{ disposable: 'false' }, {}],
    [{ disposable: false }, {}],
  ])('%j makes the properties %j', (context, props) => {
    expect(propsWith(context)).toEqual(props)
  })

  test.each([
    [{ disposable: 'True' }, `the context 'disposable' must be true or false, received "True"`],
    [{ disposable: 'yes' }, `the context 'disposable' must be true or false, received "yes"`],
    [{ disposable: '' }, `the context 'disposable' must be true or false, received ""`],
    [{ disposable: 1 }, `the context 'disposable' must be true or false, received 1`],
  ])('%j is refused at synthesis', (context, message) => {
    expect(() => propsWith(context)).toThrow(message)
  })
})
