export default {
  testEnvironment: '<rootDir>/scripts/jest-native-environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '/node_modules/(aws-cdk-lib|constructs)/': '<rootDir>/scripts/jest-native.cjs',
    '^.+\\.(c?ts|js)$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  // arktype is published as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(arktype|arkregex|@ark|aws-cdk-lib|constructs)/)'],
  resolver: '<rootDir>/scripts/jest-resolver.cjs',
  moduleFileExtensions: ['ts', 'cts', 'js', 'mjs', 'cjs', 'json'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/'],
  // Some suites wait for leases and retries. More at once would only make all of them slow.
  maxWorkers: 3,
  testSequencer: '<rootDir>/scripts/jest-long-first.cjs',
  globalSetup: '<rootDir>/scripts/jest-shared-dynamodb.cjs',
  globalTeardown: '<rootDir>/scripts/jest-teardown.cjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/assertions.ts'],
}
