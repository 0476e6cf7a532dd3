// Mutation testing of the protocol, on demand: npm run mutation. See docs/internals/testing.md.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import jestConfig from './jest.config.mjs'

/** The suites that reach the protocol, need no Java, and are quick enough to run for each mutant. */
const SUITES = [
  'protocol/**/*.test.ts',
  'functions/connections.test.ts',
  'store/memory.test.ts',
  'client/(access/rotate|process/membership|session/(handoff|life|losses)).test.ts',
]

export default {
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  mutate: ['protocol/**/*.ts'],
  jest: {
    config: {
      ...jestConfig,
      testMatch: SUITES.map((suite) => `<rootDir>/test/${suite}`),
      setupFiles: ['<rootDir>/test/support/unshrunk.ts'],
      // Quick suites run first, and the first failure ends a mutant's run.
      testSequencer: join(import.meta.dirname, 'scripts', 'jest-quick-first.cjs'),
      testRunner: join(import.meta.dirname, 'scripts', 'jest-circus-until-found.cjs'),
      maxWorkers: 1,
    },
    // The suites are chosen above, and each mutant runs the tests that reach it.
    enableFindRelatedTests: false,
  },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 4_000,
  // Only what the suites import is copied, and away from the checkout, where type check, lint and Jest would find it.
  // Stryker would rewrite tsconfig.json with the compiler's JavaScript interface, which TypeScript 7 does not have.
  ignorePatterns: [
    '/tsconfig*.json',
    '/bench',
    '/dist',
    '/docs',
    '/cdk.out',
    '/coverage',
    '/test/model',
    '/test/torture',
    '/infra',
    '/examples',
  ],
  tempDirName: join(tmpdir(), 'holdfast-mutation'),
  cleanTempDir: 'always',
  reporters: ['clear-text', 'progress-append-only', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  thresholds: { high: 95, low: 90, break: 85 },
  allowConsoleColors: false,
}
