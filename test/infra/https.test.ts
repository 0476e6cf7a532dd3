import { synthesize } from './synthesis.js'

const configOf = (stack: ReturnType<typeof synthesize>) =>
  JSON.parse(stack.text(stack.template.Outputs.HoldfastConfig.Value))
const urlsOf = (stack: ReturnType<typeof synthesize>) => stack.ofType('AWS::Lambda::Url').map(([path]) => path)

describe('the function URL', () => {
  test('is of the function for it alone, and takes only requests that are signed', () => {
    const stack = synthesize()
    expect(urlsOf(stack)).toEqual(['Functions/Https/FunctionUrl'])
    const { Properties } = stack.one('Functions/Https/FunctionUrl')
    expect(stack.text(Properties.TargetFunctionArn)).toBe('<Functions/Https.Arn>')
    expect(Properties).toEqual({ TargetFunctionArn: expect.anything(), AuthType: 'AWS_IAM' })
  })

  test.each([
    ['left out', { https: false }],
    ['left out where the region has none', { env: { region: 'eu-south-2' } }],
  ])('may be %s: then there is no function for it, and nothing about it in the configuration', (_name, props) => {
    const stack = synthesize(props)
    expect(urlsOf(stack)).toEqual([])
    expect(stack.ofType('AWS::Lambda::Function')).toHaveLength(3)
    expect(configOf(stack)).not.toHaveProperty('httpsUrl')
  })

  test.each([
    ['in a region that has them', { env: { region: 'eu-west-1' } }],
    ['in one that has them by now', { env: { region: 'eu-south-2' }, https: true }],
  ])('is made %s', (_name, props) => {
    expect(urlsOf(synthesize(props))).toHaveLength(1)
  })
})
