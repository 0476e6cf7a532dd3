/** Why a rule does not hold here. Each must be needed by some variant, at as many places as the variant says. */
export interface Acknowledged {
  /** The rules that say the same, of all packs. */
  readonly rules: readonly string[]
  readonly reason: string
}

export const ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    rules: ['AwsSolutions-APIG4', 'api_gw_v2_authorization_type_configured_check'],
    reason:
      'A WebSocket API authorizes the connection: $connect demands a signature. API Gateway has no authorizer for the messages ' +
      'on it, and the functions know the sender by the connection.',
  },
  {
    rules: ['AwsSolutions-APIG1', 'Serverless-APIGWAccessLogging', 'api_gw_v2_access_logs_enabled_check'],
    reason:
      'The prop accessLogs turns it on. It is off by default, since API Gateway refuses it in a region where the account has ' +
      'no role for its logs.',
  },
  {
    rules: ['AwsSolutions-IAM5'],
    reason:
      'The right to push ends in @connections/*: connections have no names before they exist. It is the only wildcard, and ' +
      'reaches no other API.',
  },
  {
    rules: ['AwsSolutions-DDB3', 'dynamodb_table_pitr_enabled_check'],
    reason:
      'Sessions has point-in-time recovery. Locks must never be restored: an old record would give out epochs that were used.',
  },
  {
    rules: ['dynamodb_table_encrypted_kms_check'],
    reason: 'The prop encryptionKey does it. By default the tables are encrypted with a key that DynamoDB owns.',
  },
  {
    rules: ['cloudwatch_log_group_encrypted_check'],
    reason:
      'The prop encryptionKey does it. By default CloudWatch encrypts logs with a key of its own; they have no ids and no values.',
  },
  {
    rules: ['cloudwatch_log_group_retention_period_check'],
    reason:
      'The prop logRetention does it. The logs say what went wrong lately: a month is enough, and a year costs more.',
  },
  {
    rules: ['Serverless-LambdaDLQ'],
    reason:
      'API Gateway invokes each function synchronously: no event waits that could be put aside. Clients send again.',
  },
  {
    rules: ['Serverless-LambdaTracing'],
    reason:
      'The prop tracing does it. X-Ray costs time and money for each message, and the functions call nothing but DynamoDB and ' +
      'connections.',
  },
  {
    rules: ['lambda_function_public_access_prohibited_check'],
    reason:
      'Only the routes of this API may invoke the functions: SourceArn names the API. The rule cannot read it, since the ARN is ' +
      'put together at deployment.',
  },
  {
    rules: ['kms_create_grant_aws_service_check'],
    reason: 'The key of a variant stands for one that its owners make, with their policy. Holdfast makes none.',
  },
  {
    rules: ['lambda_inside_vpc_check'],
    reason:
      'The functions reach nothing but public AWS endpoints, with signed requests. A VPC would add cold starts and NAT.',
  },
]
