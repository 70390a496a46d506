import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { anchorOf, htmlOf } from './html.ts'
import { docs } from './pages.ts'

const files = readdirSync('docs').filter((name) => name.endsWith('.md'))

test('lists every page of the documentation', () => {
  expect(docs.map(([name]) => `${name}.md`).toSorted()).toEqual(files.toSorted())
})

test('a link leads to a page of the console, or out of it', () => {
  expect(htmlOf('[a](gates.md#waive) [b](#here) [c](https://x.org) [d](../README.md)')).toBe(
    '<p><a href="/docs/gates#waive">a</a> <a href="#here">b</a> ' +
      '<a href="https://x.org" target="_blank" rel="noreferrer">c</a> d</p>\n',
  )
})

test('headings have the anchors of GitHub, and code shows markup as text', () => {
  expect(anchorOf('Who may `approve`, and when?')).toBe('who-may-approve-and-when')
  expect(htmlOf('## A b\n\n```sh\na <b> & c\n```')).toBe(
    '<h2 id="a-b">A b</h2>\n<pre tabindex="0"><code>a &lt;b> &amp; c</code></pre>\n',
  )
})

test('every link between the pages leads to a heading that exists', () => {
  const pages = new Map(
    files.map((name) => [name.replace(/\.md$/, ''), htmlOf(readFileSync(`docs/${name}`, 'utf8'))]),
  )
  const wrong = [...pages].flatMap(([name, html]) =>
    [...html.matchAll(/href="(?:\/docs\/([\w-]+))?(?:#([^"]*))?"/g)].flatMap(
      ([, page = name, anchor]) => {
        const target = pages.get(page)
        const isThere =
          target !== undefined && (anchor === undefined || target.includes(`id="${anchor}"`))
        return isThere ? [] : [`${name}: ${page}#${anchor ?? ''}`]
      },
    ),
  )
  expect(wrong).toEqual([])
})
