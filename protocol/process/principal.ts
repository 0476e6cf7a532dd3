/**
 * Who a connection speaks for, from the ARN that IAM gives its opener. Of an assumed role it is the account and the role:
 * the session name differs from one server to the next, and from one connection to the next. Of anybody else, such as an
 * IAM user, it is the whole ARN.
 */
export const principalOf = (userArn: string): string =>
  userArn.replace(/^(arn:[^:]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1')
