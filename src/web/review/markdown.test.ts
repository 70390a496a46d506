import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Markdown } from './markdown.tsx'

const htmlOf = (text: string): string =>
  renderToStaticMarkup(createElement(Markdown, { text }))
    .replace(/^<div class="[^"]*">/, '')
    .replace(/<\/div>$/, '')

test.each([
  ['**a** _b_ `c`', '<p><strong>a</strong> <em>b</em> <code>c</code></p>'],
  ['- a\n- b', '<ul><li>a</li><li>b</li></ul>'],
  ['3. a', '<ol start="3"><li>a</li></ol>'],
  ['# a\n### b', '<h3>a</h3><h4>b</h4>'],
  ['> a', '<blockquote><p>a</p></blockquote>'],
  ['- [x] a', '<ul><li>☑ a</li></ul>'],
  [
    '[a](https://x.org "t")',
    '<p><a href="https://x.org" target="_blank" rel="noreferrer nofollow">a</a></p>',
  ],
])('%j is %s', (text, html) => expect(htmlOf(text)).toBe(html))

test.each([
  '<script>alert(1)</script>',
  'a <img src=x onerror=alert(1)> b',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1)) [b](data:text/html,x) [c](//x.org) [d](vbscript:x)',
  '![a](https://x.org/pixel.png)',
  '<a href="javascript:x">a</a>',
  '[a]: javascript:x\n\n[a]',
  '`<b>`\n\n```\n<script>\n```',
  '<iframe src="//x.org"></iframe>\n\n<!-- a -->',
  '| <b>a</b> |\n|---|\n| <img src=x> |',
])('%j runs nothing and loads nothing', (text) => {
  const html = htmlOf(text)
  expect(html).not.toMatch(/<(script|img|iframe|b|a)\b/)
})

test('what is nested too deeply is text', () => {
  expect(htmlOf('>'.repeat(20_000))).toBe('&gt;'.repeat(20_000))
})
