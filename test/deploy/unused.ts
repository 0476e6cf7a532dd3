/** Why rights are given that no program of ours uses. Each must be given by some variant. */
export const UNUSED: readonly { readonly actions: readonly string[]; readonly reason: string }[] = [
  {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    reason: 'Lambda itself writes what a function logs, with the rights of its role.',
  },
  {
    actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    reason: 'DynamoDB uses the key of a table with the rights of the caller. DynamoDB Local has no keys.',
  },
  {
    actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    reason:
      'Lambda itself sends traces, with the rights of the role. They are given where the prop tracing asks for traces.',
  },
]

export const isExplained = (action: string): boolean => UNUSED.some(({ actions }) => actions.includes(action))
