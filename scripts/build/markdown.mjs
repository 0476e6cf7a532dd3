/** The Markdown of docs/ as a page of the inspector: headings, paragraphs, lists, tables, quotes and code. */
export function pageOf(markdown) {
  const [, title = ''] = /^# (.+)$/m.exec(markdown) ?? []
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${escaped(title)}</title>
<link rel="stylesheet" href="app.css" />
</head>
<body class="document">
<main>
${blocks(markdown.split('\n'))}
</main>
</body>
</html>
`
}

function blocks(lines) {
  const html = []
  let at = 0
  /** The lines from here on that belong together. */
  const take = (belongs) => {
    const start = at
    while (at < lines.length && belongs(lines[at])) at += 1
    return lines.slice(start, at)
  }
  while (at < lines.length) {
    const line = lines[at]
    const heading = /^(#{1,6}) (.+)$/.exec(line)
    if (line.trim() === '') at += 1
    else if (heading !== null) {
      const [, marks, text] = heading
      html.push(`<h${marks.length} id="${anchorOf(text)}">${inline(text)}</h${marks.length}>`)
      at += 1
    } else if (line.startsWith('```')) {
      at += 1
      html.push(`<pre tabindex="0"><code>${escaped(take((each) => !each.startsWith('```')).join('\n'))}</code></pre>`)
      at += 1
    } else if (line.startsWith('|')) html.push(table(take((each) => each.startsWith('|'))))
    else if (line.startsWith('> '))
      html.push(
        `<blockquote>${inline(
          take((each) => each.startsWith('>'))
            .map((each) => each.slice(2))
            .join(' '),
        )}</blockquote>`,
      )
    else if (ITEM.test(line)) html.push(list(take((each) => ITEM.test(each) || /^\s+\S/.test(each))))
    else html.push(`<p>${inline(take((each) => isText(each)).join(' '))}</p>`)
  }
  return html.join('\n')
}

const ITEM = /^(?:-|\d+\.) /

const isText = (line) => line.trim() !== '' && !/^(?:#|```|\||> )/.test(line) && !ITEM.test(line)

function list(lines) {
  const items = []
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ''))
    else items.push(`${items.pop()} ${line.trim()}`)
  }
  const tag = lines[0].startsWith('-') ? 'ul' : 'ol'
  return `<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</${tag}>`
}

function table(lines) {
  const [head, , ...rows] = lines.map((line) => line.slice(1, line.lastIndexOf('|')).split(/(?<!\\)\|/))
  const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${inline(cell.trim())}</${tag}>`).join('')}</tr>`
  return `<table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`
}

/** Code first: nothing in it means anything. */
function inline(text) {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => (/^`.+`$/.test(part) ? `<code>${escaped(part.slice(1, -1))}</code>` : formatted(part)))
    .join('')
}

/** Links lead to other documents, which the page does not have: their words stay. */
const formatted = (text) =>
  escaped(text)
    .replaceAll(/\[([^\]]+)\]\(#([^)]+)\)/g, '<a href="#$2">$1</a>')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/\*([^*]+)\*/g, '<em>$1</em>')
    .replaceAll('\\|', '|')

/** As the links of docs/ name headings. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
