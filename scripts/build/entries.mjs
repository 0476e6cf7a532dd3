import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What `package.json` exports. */
const ENTRIES = {
  index: 'client/index.ts',
  worker: 'client/worker/index.ts',
  testing: 'local/index.ts',
  cdk: 'infra/index.ts',
  'express-session': 'client/adapters/express-session/index.ts',
  web: 'client/adapters/web/index.ts',
  fastify: 'client/adapters/fastify/index.ts',
  lambda: 'client/adapters/lambda/index.ts',
  operator: 'operator/index.ts',
  otel: 'client/adapters/otel/index.ts',
}
/** The command of the package and its processes, bundled apart from the entries: an application loads none of it. */
const COMMAND = { cli: 'cli/main.ts', 'cli-process': 'cli/process.ts' }
/** Development dependencies that the command holds, so that nobody installs them. */
const BUNDLED = ['commander']
/** No entry of its own, but in a file of its own: a bundler leaves it out where only errors are imported. */
const APART = { create: 'client/create.ts' }
/** What a declaration imports of its own package, by any form of import. */
const IMPORTED = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g
const RENAMED_REQUIRE = /\brequire\("#(\w+)"\)/g

/**
 * Bundles the entries into `output`, as ES modules, with their types. Few files, since each costs Node.js a millisecond.
 * What several entries use is in files that they share: a process has one instance of each module.
 */
export async function bundleEntries(root, output, compiled) {
  const { build } = await import('esbuild')
  await rm(join(root, output), { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...ENTRIES, ...APART },
    outdir: output,
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    external: ['#*'],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    define: { __dirname: 'import.meta.dirname' },
    metafile: true,
    logLevel: 'silent',
  })
  await Promise.all(Object.keys(APART).map((name) => rm(join(root, output, `${name}.js`))))
  const command = await bundleCommand(root, output, build)
  await copyTypes(root, compiled, join(output, 'types'))
  return `${Object.keys(metafile.outputs).length + command} files`
}

/**
 * The command loads the part of itself that it needs: each command is a file that is imported when it is named. What is
 * CommonJS in it calls `require`, which an ES module lacks.
 */
async function bundleCommand(root, output, build) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: COMMAND,
    outdir: output,
    chunkNames: 'cli-[hash]',
    bundle: true,
    splitting: true,
    // Nobody reads it, and everybody installs it.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [{ name: 'packages', setup: leavePackages }],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)`,
    },
    define: { __dirname: 'import.meta.dirname' },
    metafile: true,
    logLevel: 'silent',
  })
  const licenses = BUNDLED.map(async (name) => {
    const folder = join(root, 'node_modules', name)
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`
  })
  await writeFile(join(root, output, 'cli.LICENSES.txt'), (await Promise.all(licenses)).join('\n'))
  return Object.keys(metafile.outputs).length
}

function leavePackages({ onResolve }) {
  onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
    kind === 'entry-point' || BUNDLED.includes(path) ? undefined : { path, external: true },
  )
}

/** Converts the bundled entries in `bundled`, file by file, so that they share the same parts as CommonJS. */
export async function convertEntries(root, output, bundled) {
  const { transform } = await import('esbuild')
  await rm(join(root, output), { recursive: true, force: true })
  await mkdir(join(root, output), { recursive: true })
  // They say so themselves, since the package as a whole is of ES modules.
  await writeFile(join(root, output, 'package.json'), `${JSON.stringify({ type: 'commonjs', sideEffects: false })}\n`)
  const files = (await readdir(join(root, bundled))).filter((file) => file.endsWith('.js') && !file.startsWith('cli'))
  for (const file of files) {
    const { code } = await transform(await readFile(join(root, bundled, file), 'utf8'), {
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      define: { 'import.meta.dirname': '__dirname' },
    })
    // The `imports` of package.json are for ES modules, and do not reach into a folder with a package.json of its own.
    await writeFile(join(root, output, file), code.replace(RENAMED_REQUIRE, 'require("$1")'))
  }
  await cp(join(root, bundled, 'types'), join(root, output, 'types'), { recursive: true })
  return `${files.length} files`
}

/**
 * The declarations of the entries, and all that these import. TypeScript takes the same for CommonJS where the nearest
 * package.json says so.
 */
async function copyTypes(root, compiled, output) {
  const found = new Set(Object.values(ENTRIES).map((source) => source.replace(/ts$/, 'd.ts')))
  for (const name of found) {
    const text = await readFile(join(root, compiled, name), 'utf8')
    for (const [, path] of text.matchAll(IMPORTED)) {
      found.add(join(dirname(name), path.replace(/\.(c?)js$/, '.d.$1ts')))
    }
    const target = join(root, output, name)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
}
