import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The modules of Node.js that the client's half of `ws` requires. One that is missing here fails the build. */
const BUILTINS = [
  'buffer',
  'crypto',
  'events',
  'http',
  'https',
  'net',
  'querystring',
  'stream',
  'tls',
  'url',
  'util',
  'zlib',
]

/**
 * Writes the client's half of `ws` as one ES module, for bundlers. `ws` is CommonJS and calls `require('events')`, which
 * an ES module bundle cannot do: it would die while loading. Node.js itself loads the installed `ws`.
 */
export async function convertWebSocket(root, output) {
  const { build } = await import('esbuild')
  const folder = join(root, 'node_modules', 'ws')
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const license = (await readFile(join(folder, 'LICENSE'), 'utf8')).trim()
  const banner = [
    `/*! ws ${version}, the client, as an ES module\n\n${license}\n*/`,
    ...BUILTINS.map((name) => `import ${name}Builtin from 'node:${name}'`),
    `const builtins = { ${BUILTINS.map((name) => `${name}: ${name}Builtin`).join(', ')} }`,
    'const require = (name) => builtins[name]',
  ]
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: `export { default } from './websocket.js'`, resolveDir: join(folder, 'lib') },
    outfile: `${output}/index.js`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: banner.join('\n') },
    // Without the native add-ons that `ws` takes where they happen to be installed: they cannot be bundled.
    define: { 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
    minifySyntax: true,
    metafile: true,
    logLevel: 'silent',
  })
  const [{ bytes, imports }] = Object.values(metafile.outputs)
  const missing = imports.filter(({ path }) => !BUILTINS.includes(path)).map(({ path }) => path)
  if (missing.length > 0) throw new Error(`ws ${version} requires ${missing.join(', ')}, which its ES module lacks`)
  return `${Math.round(bytes / 1024)} KB`
}
