/** Commands to try, on the servers of these origins. */
export function help(...origins: readonly string[]): string {
  const [one = '', two = one] = origins
  const json = `-H 'content-type: application/json'`
  return `With one cookie jar on any of the servers:
  curl -c jar -b jar -X POST ${one}/cart/apple
  curl -c jar -b jar ${json} -d '{"name":"Ada","password":"secret","remember":true}' -L ${two}/login
  curl -b jar -N ${one}/events
  curl -c jar -b jar -X POST ${two}/cart/pear
  curl -c jar -b jar ${one}/account
  curl -c jar -b jar -X POST ${two}/logout
`
}
