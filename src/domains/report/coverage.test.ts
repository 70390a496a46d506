import { expect, test } from 'vitest'
import type { DiffFile } from '#contract/change/diff.ts'
import { unreportedFiles } from './coverage.ts'

const changed = (path: string, ...added: string[]): DiffFile => ({
  ...{ path, before: null, status: 'added', isBinary: false, added: added.length, removed: 0 },
  hunks: [
    {
      heading: '',
      lines: added.map((text, i) => ({ kind: 'added' as const, text, line: i + 1, before: null })),
    },
  ],
})

test.each([
  ['a new file', 'src/new.ts', ['const a = f()', '', '// text', 'return a'], 2],
  ['a reported file', 'src/old.ts', ['const a = f()'], 0],
  ['another language', 'tools/x.py', ['f()'], 0],
  ['a test', 'src/new.test.ts', ['f()'], 0],
  ['a folder of tests', 'test/support.ts', ['f()'], 0],
  ['a declaration', 'src/new.d.ts', ['declare const a = 1'], 0],
  ['configuration', 'vite.config.ts', ['f()'], 0],
  ['types', 'src/types.ts', ['export interface A {', '  name: string', '  f(a: B): void', '}'], 0],
  ['imports', 'src/all.ts', ["import { a } from './a.ts'"], 0],
  ['a text', 'README.md', ['f()'], 0],
])('%s', (_what, path, added, lines) => {
  expect(unreportedFiles(['src/old.ts'], [changed(path, ...added)])).toEqual(
    lines === 0 ? [] : [{ file: path, lines }],
  )
})
