import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findReports } from '#domains/report/read.ts'
import { isRelevant } from '#flows/delivery/relevant-changes.ts'
import { findFiles } from '#platform/file/files.ts'
import { selectEntries } from '#platform/oci/select.ts'
import { readContents } from './inputs.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fairlead-')))
const tree = [
  ...['a.txt', 'app/[slug]/page.txt', 'lib-a/one.txt', 'lib-b.txt'],
  ...['src/.env', 'src/deep/er/b.txt', 'src/main.ts'],
]
for (const path of tree) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), path)
}
const where = { folder, workspace: folder }

const contentsOf = async (pattern: string): Promise<string[]> =>
  ((await readContents(where, [pattern])).lines ?? []).map((line) => line.replace(/ .*/, ''))
const entries = (include: string[], exclude: string[]): string[] =>
  [...selectEntries(folder, include, exclude)]
    .filter(({ type }) => type === 'file')
    .map(({ path }) => path)

/** Every key that takes patterns, with the files of the tree that it matches. */
const keys: Record<string, (pattern: string) => Promise<string[]>> = {
  'inputs and cache.key': contentsOf,
  'split.files': (pattern) => findFiles(folder, [pattern]),
  reports: async (pattern) => {
    const { files } = await findReports(folder, [pattern], { workspace: folder, since: 0 })
    return files.map((file) => file.slice(folder.length + 1))
  },
  'artifact.include': async (pattern) => entries([pattern], []),
  'artifact.exclude': async (pattern) => {
    const kept = entries(['.'], [pattern])
    return tree.filter((path) => !kept.includes(path))
  },
  paths: async (pattern) => tree.filter((path) => isRelevant([pattern], [{ path, before: null }])),
}

describe.each(Object.keys(keys))('%s', (key) => {
  test.each([
    ['a.txt', ['a.txt']],
    ['./a.txt', ['a.txt']],
    ['src', ['src/.env', 'src/deep/er/b.txt', 'src/main.ts']],
    ['src/', ['src/.env', 'src/deep/er/b.txt', 'src/main.ts']],
    ['src/**', ['src/.env', 'src/deep/er/b.txt', 'src/main.ts']],
    ['src/*.ts', ['src/main.ts']],
    ['src/.*', ['src/.env']],
    ['**/*.txt', tree.filter((path) => path.endsWith('.txt'))],
    ['lib*', ['lib-a/one.txt', 'lib-b.txt']],
    ['lib-[b-z].txt', ['lib-b.txt']],
    ['{a.txt,src/main.ts}', ['a.txt', 'src/main.ts']],
    ['app/[slug]', ['app/[slug]/page.txt']],
    ['app/[slug]/page.txt', ['app/[slug]/page.txt']],
  ])('%s', async (pattern, expected) => {
    expect((await keys[key]?.(pattern))?.toSorted()).toEqual(expected)
  })
})
