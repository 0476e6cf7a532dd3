/** Jest's `globalTeardown`: ends what scripts/jest-shared-dynamodb.cjs began. */
module.exports = () => globalThis.endSharedDynamoDb()
