import { Marked } from 'marked'

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/<[^<>]*>/g, '')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/**
 * Converts a page of the documentation to HTML. Links to other pages lead to those of the console;
 * links to other files of the repository, which an installation need not have, become text.
 */
export function htmlOf(markdown: string): string {
  let tables = 0
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const inner = this.parser.parseInline(tokens)
        return `<h${depth} id="${anchorOf(text.replace(/`/g, ''))}">${inner}</h${depth}>\n`
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens)
        const page = /^(?:([\w-]+)\.md)?(#.*)?$/.exec(href)
        if (page)
          return `<a href="${page[1] ? `/docs/${page[1]}` : ''}${page[2] ?? ''}">${inner}</a>`
        return /^https?:/.test(href)
          ? `<a href="${href}" target="_blank" rel="noreferrer">${inner}</a>`
          : inner
      },
      table(token) {
        const cells = (row: typeof token.header, tag: string): string =>
          row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')
        const body = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')
        return (
          `<div class="table" role="region" aria-label="Table ${(tables += 1)}" tabindex="0">` +
          `<table><thead><tr>${cells(token.header, 'th')}</tr></thead>` +
          `<tbody>${body}</tbody></table></div>\n`
        )
      },
      code({ text }) {
        const safe = text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
        return `<pre tabindex="0"><code>${safe}</code></pre>\n`
      },
    },
  })
  return marked.parse(markdown, { async: false })
}
