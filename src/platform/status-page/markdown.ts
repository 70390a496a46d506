import { Marked } from 'marked'
import { escaped } from './html-text.ts'

const address = /^(?:https?:\/\/|mailto:)/i

/**
 * Markdown of people as HTML for the public page. HTML in it is shown as text, images are replaced
 * by their description, and links lead only to web and mail addresses.
 */
const marked = new Marked({
  renderer: {
    html: ({ text }) => escaped(text),
    // After `<code>` or `<pre>`, the library takes text for HTML that is escaped already.
    text: (token) => ('escaped' in token && token.escaped ? escaped(token.text) : false),
    image: ({ text }) => escaped(text),
    heading({ tokens }) {
      return `<p><strong>${this.parser.parseInline(tokens)}</strong></p>\n`
    },
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens)
      return address.test(href)
        ? `<a href="${escaped(href)}" rel="nofollow noreferrer">${inner}</a>`
        : inner
    },
    code: ({ text }) => `<pre><code>${escaped(text)}</code></pre>\n`,
    checkbox: () => '',
    table({ header, rows }) {
      const line = (cells: typeof header): string =>
        cells.map(({ tokens }) => this.parser.parseInline(tokens)).join(' · ')
      return `<p>${[header, ...rows].map(line).join('<br>')}</p>\n`
    },
  },
})

/** Markdown for readers of plain text: without the backslashes before its characters. Pure. */
export const unescaped = (markdown: string): string =>
  markdown.replace(/\\([\\`*_{}[\]<>()#+!|~&])/g, '$1')

/** Text that is nested too deeply for the library is shown as it is. Pure. */
export function markdownHtml(markdown: string): string {
  try {
    return marked.parse(markdown, { async: false })
  } catch {
    return `<p>${escaped(markdown)}</p>\n`
  }
}
