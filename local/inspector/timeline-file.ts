import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { History } from './history.js'
import { PAGE_FOLDER } from './server.js'

/** The page with all that it shows, in one file that opens from the disk and loads nothing. */
export async function timelineFile(history: History): Promise<string> {
  const read = (file: string): Promise<string> => readFile(join(PAGE_FOLDER, file), 'utf8')
  const [html, code, style] = await Promise.all(['index.html', 'app.js', 'app.css'].map(read))
  if (html === undefined || code === undefined || style === undefined) throw new Error('the page has three files')
  const script = code.replaceAll('</script', '<\\/script')
  // Only this script and this style may run.
  const policy = `default-src 'none'; script-src '${digest(script)}'; style-src '${digest(style)}'; img-src data:`
  const data = `{"base":${JSON.stringify(history.baseFacts())},"nowMs":${Date.now()},"entries":[${history.all().join(',')}]}`
  return html
    .replace(
      '<meta charset="utf-8" />',
      (charset) => `${charset}<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    )
    .replace('<link rel="stylesheet" href="app.css" />', () => `<style>${style}</style>`)
    .replace(
      '<script type="module" src="app.js"></script>',
      () =>
        `<script type="application/json" id="timeline">${data.replaceAll('<', '\\u003c')}</script>` +
        `<script type="module">${script}</script>`,
    )
}

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`
