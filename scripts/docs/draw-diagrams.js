// In the pages of the site, after mermaid.js: draws what the documents describe, anew where the theme changes.
const diagrams = [...document.querySelectorAll('code.mermaid')].map((code) => {
  const figure = document.createElement('figure')
  for (const lineEnd of code.querySelectorAll('br')) lineEnd.replaceWith('\n')
  code.closest('pre').replaceWith(figure)
  return { figure, source: code.textContent }
})

const isDark = () => {
  const { theme } = document.documentElement.dataset
  return theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
}

/** The page is hidden while its scripts load, and what is hidden has no size. */
const isShown = () => getComputedStyle(document.body).display !== 'none'

async function draw() {
  while (!isShown()) await new Promise(requestAnimationFrame)
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme: isDark() ? 'dark' : 'default' })
  for (const [index, { figure, source }] of diagrams.entries()) {
    const { svg } = await mermaid.render(`diagram-${index}`, source)
    figure.innerHTML = svg
  }
}

let drawing = draw()
const again = () => {
  drawing = drawing.then(draw)
}
new MutationObserver(again).observe(document.documentElement, { attributeFilter: ['data-theme'] })
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again)
