import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FILES = {
  'mermaid.js': fileURLToPath(import.meta.resolve('@mermaid-js/tiny')),
  'diagrams.js': join(import.meta.dirname, 'draw-diagrams.js'),
}

/** Draws the diagrams of documents in the reader's browser, with files of the site alone. */
export function drawDiagrams(renderer, { JSX }) {
  renderer.hooks.on('body.end', ({ page, relativeURL }) => {
    const content = page.model.content ?? page.model.readme ?? []
    if (!content.some(({ text }) => text.includes('```mermaid'))) return JSX.createElement(JSX.Fragment, null)
    const scripts = Object.keys(FILES).map((name) =>
      JSX.createElement('script', { src: relativeURL(`assets/${name}`, true) }),
    )
    return JSX.createElement(JSX.Fragment, null, scripts)
  })
  renderer.postRenderAsyncJobs.push(({ outputDirectory }) =>
    Promise.all(Object.entries(FILES).map(([name, file]) => copyFile(file, join(outputDirectory, 'assets', name)))),
  )
}
