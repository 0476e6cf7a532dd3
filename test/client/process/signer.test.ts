import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import aws4 from 'aws4'
import { Signer } from '../../../client/process/signer.js'

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

test.each([
  ['wss://a1b2c3.execute-api.eu-west-1.amazonaws.com/live', '/live'],
  // A domain name of the store's own, at whose root it is.
  ['wss://sessions.example.com', '/'],
])('a connection to %s is signed for its host and path, as another signer signs it', async (url, path) => {
  const aws = new DynamoDBClient({ region: 'eu-west-1', credentials: KEYS })
  const { headers } = await new Signer(new URL(url), 'execute-api', 'eu-west-1', aws).sign({ method: 'GET' })
  aws.destroy()
  const { authorization, ...signed } = headers
  const { host } = new URL(url)
  expect(signed.host).toBe(host)
  const other = aws4.sign(
    { service: 'execute-api', region: 'eu-west-1', method: 'GET', host, path, headers: { ...signed } },
    KEYS,
  )
  const signature = (text: unknown) => /Signature=(\w{64})/.exec(String(text))?.[1]
  expect(signature(authorization)).toMatch(/^\w{64}$/)
  expect(signature(authorization)).toBe(signature(other.headers?.Authorization))
})
