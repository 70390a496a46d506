import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diff, touchedLines } from './diff.ts'
import { isLong } from '../../../test/support/scale.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-diff-'))
  git('init', '--quiet', '--initial-branch=main')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  })

async function commit(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  git('add', '--all')
  git('commit', '--quiet', '--allow-empty', '--message=it')
  return git('rev-parse', 'HEAD').trim()
}

async function changed(before: Record<string, string>, after: Record<string, string>) {
  const base = await commit(before)
  const files = await diff(join(folder, '.git'), base, await commit(after))
  return (
    files && Object.fromEntries([...touchedLines(files)].map(([file, set]) => [file, [...set]]))
  )
}

describe('touched lines of a change', () => {
  test('include added and modified lines, and none for removed lines', async () => {
    const before = { a: '1\n2\n3\n4\n', b: '1\n2\n', c: '1\n' }
    const after = { a: '1\ntwo\n3\n4\n5\n', b: '1\n', new: 'x\ny\n' }
    expect(await changed(before, after)).toEqual({ a: [2, 5], b: [], new: [1, 2] })
  })

  test('are found in files whose names git quotes', async () => {
    const names = ['with space', 'tab\tand"quote', 'ünïcode.js', 'back\\slash', '-dash']
    const files = Object.fromEntries(names.map((name) => [name, 'x\n']))
    expect(Object.keys((await changed({}, files)) ?? {}).sort()).toEqual(names.toSorted())
  })

  test('are found when the lines look like a diff', async () => {
    const after = { a: 'one\n++ b/other\n@@ -1 +1 @@\n-- a/x\n' }
    expect(await changed({ a: 'one\n' }, after)).toEqual({ a: [2, 3, 4] })
  })

  test('of a renamed file are those that differ from the former file', async () => {
    const text = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('')
    const base = await commit({ old: text })
    git('mv', 'old', 'fresh')
    const sha = await commit({ fresh: `${text}more\n` })
    const files = (await diff(join(folder, '.git'), base, sha)) ?? []
    expect(files).toMatchObject([
      { path: 'fresh', before: 'old', status: 'renamed', added: 1, removed: 0 },
    ])
    expect([...touchedLines(files)]).toEqual([['fresh', new Set([21])]])
  })

  test('are unknown when a commit is missing', async () => {
    expect(await diff(join(folder, '.git'), '0'.repeat(39) + '1', await commit({ a: '1' }))).toBe(
      null,
    )
  })

  test('come with the unchanged lines around them and with both line numbers', async () => {
    const base = await commit({ a: '1\n2\n3\n4\n5\n', gone: 'x\n', empty: '' })
    await rm(join(folder, 'gone'))
    const sha = await commit({ a: '1\n2\nthree\n4\n5\n', binary: 'a\0b', 'none here': '' })
    const files = (await diff(join(folder, '.git'), base, sha, { context: 1 })) ?? []
    expect(
      files.map(({ path, before, status, isBinary }) => [path, before, status, isBinary]),
    ).toEqual([
      ['a', 'a', 'changed', false],
      ['binary', null, 'added', true],
      ['gone', 'gone', 'removed', false],
      ['none here', null, 'added', false],
    ])
    expect(
      files[0]?.hunks[0]?.lines.map(({ kind, text, line, before }) => [kind, text, line, before]),
    ).toEqual([
      ['same', '2', 2, 2],
      ['removed', '3', null, 3],
      ['added', 'three', 3, null],
      ['same', '4', 4, 4],
    ])
  })

  test('are all lines when there is no earlier commit', async () => {
    const files = (await diff(join(folder, '.git'), null, await commit({ a: '1\n2\n' }))) ?? []
    expect([...touchedLines(files)]).toEqual([['a', new Set([1, 2])]])
  })

  test('property: untouched lines are in the former file in the same order', async () => {
    const lines = fc.array(fc.constantFrom('a', 'b', '', '+c', '-d', '++ e', '@@ -1 +1 @@'), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(lines, lines, async (one, two) => {
        const found = await changed(
          { f: one.map((line) => `${line}\n`).join('') },
          { f: two.map((line) => `${line}\n`).join('') },
        )
        const touched = new Set(found?.['f'])
        const kept = two.filter((_, index) => !touched.has(index + 1))
        let at = 0
        for (const line of one) if (line === kept[at]) at += 1
        expect(at).toBe(kept.length)
      }),
      { numRuns: isLong ? 25 : 8 },
    )
  })
})
