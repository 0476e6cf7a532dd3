import { ArnFormat, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

/**
 * Allows CloudWatch to use the key for log groups of this account and region. It can do nothing for a key that is imported:
 * CDK cannot change the policy of that. A statement that named the log groups would refer to what refers to the key.
 */
export function allowLogs(scope: Construct, key: IKey): void {
  const stack = Stack.of(scope)
  const service = `logs.${stack.region}.${stack.urlSuffix}`
  const logGroups = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [ServicePrincipal.fromStaticServicePrincipleName(service)],
      actions: ['Encrypt', 'Decrypt', 'ReEncrypt*', 'GenerateDataKey*', 'Describe*'].map((action) => `kms:${action}`),
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    }),
  )
}
