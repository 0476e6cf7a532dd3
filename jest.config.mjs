export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.(c?ts|js)$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  // These are published as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(arktype|arkregex|@ark)/)'],
  resolver: '<rootDir>/scripts/jest-resolver.cjs',
  moduleFileExtensions: ['ts', 'cts', 'js', 'mjs', 'cjs', 'json'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/cdk.out/'],
  // End-to-end suites start Java and several processes each: more at once only makes all of them slow.
  maxWorkers: 2,
  testTimeout: 30_000,
  setupFilesAfterEnv: ['<rootDir>/test/support/assertions.ts'],
}
