/**
 * A transformer for packages of many files, which Jest's own module system would load anew for each test file: the CDK
 * takes six seconds of the processor so.
 */
module.exports = {
  process: (_source, filename) => ({ code: `module.exports = requireNatively(${JSON.stringify(filename)})` }),
  getCacheKey: (_source, filename) => `native ${filename}`,
}
