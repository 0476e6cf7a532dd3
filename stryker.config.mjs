// Mutation testing, on demand: npm run mutation, which says what is changed. See docs/internals/testing.md.
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import jestConfig from './jest.config.mjs'

const ROOT = import.meta.dirname
const targets = JSON.parse(process.env.MUTATION_TARGETS ?? '["protocol"]')
const patterns = JSON.parse(process.env.MUTATION_PATTERNS ?? '["protocol/**/*.ts"]')

/** Suites besides those of the folder of the same name, that reach a room and are quick enough to run for each change. */
const OTHER_SUITES = {
  protocol: [
    'functions/connections',
    'store/memory',
    'client/(access/rotate|process/membership|session/(handoff|life|losses))',
  ],
  store: ['functions/(aws-requests|retrying-store)'],
  'client/access': ['client/session/**'],
  'client/attribute-locks': ['client/access/**'],
  'client/process': ['client/session/**'],
  'client/session': ['client/access/**', 'client/process/membership'],
  'client/state': ['client/access/**'],
}
/** They start Java, take long, or need the compiler's settings, which Stryker must not see. */
const LEFT_OUT = ['client/codec/dynamodb', 'client/compiler-messages', 'functions/(bundles|hostile)', 'store/dynamodb']

/** The nearest folder of tests: `client/holdfast.ts` has those of all of `client/`. */
const folderOf = (target) => (existsSync(join(ROOT, 'test', target)) ? target : folderOf(dirname(target)))
const suites = targets.flatMap((target) => {
  const folder = folderOf(target)
  return [`${folder}/**`, ...(OTHER_SUITES[folder] ?? [])]
})
const filesOf = (suite) => `<rootDir>/test/${suite}${suite.endsWith('**') ? '/*' : ''}.test.ts`

export default {
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  mutate: patterns,
  jest: {
    config: {
      ...jestConfig,
      // Stryker loads it from where it runs, and knows no <rootDir>.
      testEnvironment: join(ROOT, 'scripts', 'jest-native-environment.cjs'),
      testMatch: [...new Set(suites.map(filesOf)), ...LEFT_OUT.map((suite) => `!${filesOf(suite)}`)],
      setupFiles: ['<rootDir>/test/support/unshrunk.ts'],
      // Quick suites run first, and the first failure ends a mutant's run.
      testSequencer: join(ROOT, 'scripts', 'jest-quick-first.cjs'),
      testRunner: join(ROOT, 'scripts', 'jest-circus-until-found.cjs'),
      maxWorkers: 1,
    },
    // The suites are chosen above, and each mutant runs the tests that reach it.
    enableFindRelatedTests: false,
  },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 4_000,
  dryRunTimeoutMinutes: 30,
  // Tests are compiled without a look at their types.
  disableTypeChecks: false,
  // The project is copied away from the checkout, where type check, lint and Jest would find it. Each pattern begins with
  // a slash: otherwise it would leave out folders of the tests, too. `dist` is copied, since tests run what is built.
  // Stryker would rewrite tsconfig.json with the compiler's JavaScript interface, which TypeScript 7 does not have.
  ignorePatterns: ['/tsconfig*.json', '/cdk.out', '/coverage', '/dist/docs', '/docs/images'],
  tempDirName: join(tmpdir(), 'holdfast-mutation'),
  cleanTempDir: 'always',
  reporters: ['clear-text', 'progress-append-only', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  thresholds: { high: 95, low: 90, break: 85 },
  allowConsoleColors: false,
}
