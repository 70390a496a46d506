import { existsSync, globSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesOf, root, textOf } from './support/source-files.ts'

const pages = [...filesOf('*.md'), ...filesOf('docs/**/*.md')]

/** Paths in code spans, such as `src/flows` or `src/contract/NOUN/events.ts`. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test|tools|docs|migrations|examples|bench|schema|\.ci)\/[^\s`]*)`/g)]
    .map(([, path]) => path ?? '')
    .filter((path) => !path.includes('…'))

/** Whether a path exists; a word in capitals stands for any name. */
const exists = (path: string): boolean =>
  globSync(path.replace(/\b[A-Z]{4,}\b(?!\.md)/g, '*'), { cwd: root }).length > 0

interface Link {
  path: string
  anchor: string | undefined
}

/** Links to files of the repository, by their paths from the root. */
const linksIn = (page: string, text: string): Link[] =>
  [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path, anchor]) => ({
    path: path ? normalize(join(dirname(page), path)) : page,
    anchor,
  }))

/** The anchors of a page, as GitHub makes them from its headings. */
const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

describe('the documentation', () => {
  test('finds paths, links and anchors', () => {
    expect(pathsIn('see `src/flows` and `test/x.test.ts`, not `npm test`')).toEqual([
      'src/flows',
      'test/x.test.ts',
    ])
    expect(exists('src/contract/NOUN/events.ts')).toBe(true)
    expect(exists('src/contract/NOUN/nothing.ts')).toBe(false)
    expect(linksIn('docs/a.md', '[a](b.md#c) [d](../README.md) [e](https://x.org)')).toEqual([
      { path: 'docs/b.md', anchor: 'c' },
      { path: 'README.md', anchor: undefined },
    ])
    expect(anchorsOf('CONTRIBUTING.md')).toContain('when-you-need-')
  })

  test.each(pages)('every path that %s names exists', (page) => {
    expect(pathsIn(textOf(page)).filter((path) => !exists(path))).toEqual([])
  })

  test.each(pages)('every link of %s leads to a file and a heading', (page) => {
    const broken = linksIn(page, textOf(page)).filter(
      ({ path, anchor }) =>
        !existsSync(join(root, path)) ||
        (anchor !== undefined && path.endsWith('.md') && !anchorsOf(path).includes(anchor)),
    )
    expect(broken).toEqual([])
  })

  test('ARCHITECTURE.md describes every layer and every domain', () => {
    const described = pathsIn(textOf('ARCHITECTURE.md'))
    const folders = [...filesOf('src/*/'), ...filesOf('src/domains/*/'), ...filesOf('src/flows/*/')]
      .map((folder) => folder.replace(/\/$/, ''))
      .filter((folder) => globSync(`${folder}/*`, { cwd: root }).length > 0)
      .filter((folder) => !/\.tsx?$/.test(folder) && folder !== 'src/domains')
    expect(folders.length).toBeGreaterThan(25)
    expect(folders.filter((folder) => !described.includes(folder))).toEqual([])
  })

  test('ARCHITECTURE.md lists every period of background work, and real jobs', () => {
    const text = textOf('ARCHITECTURE.md')
    const periods = (source: string): string[] =>
      [...new Set(source.match(/FAIRLEAD_\w+_SECONDS/g))].sort()
    expect(periods(text)).toEqual(periods(textOf('src/server/settings.ts')))
    const jobs = [...text.matchAll(/^\| `([a-z-]+)`.* \| (?:rows|one replica|each replica) \|/gm)]
    expect(jobs.length).toBeGreaterThan(10)
    const sources = filesOf('src/{domains,flows,server}/**/*.ts').map(textOf).join('\n')
    expect(jobs.filter(([, job]) => !sources.includes(`'${job}'`))).toEqual([])
  })
})
