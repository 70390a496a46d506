import { createRequire } from 'node:module'
import type * as TreeSitter from '@vscode/tree-sitter-wasm'
import { describe, expect, test, vi } from 'vitest'
import { createAnalyser } from './analyser.ts'
import { languages } from './languages.ts'
import { measureLines } from './lines.ts'

const analyser = await createAnalyser()
const nothing = { lines: 0, code: 0, functions: [], at: [], hashes: [], isBroken: false }

describe('a source file', () => {
  test.each(languages)(
    '$name: that is empty, or of nothing but a blank line',
    async ({ name, extensions }) => {
      for (const extension of extensions) {
        expect(await analyser.inspect(`a.${extension}`, '')).toEqual({ ...nothing, language: name })
        expect(await analyser.inspect(`a.${extension}`, ' \n')).toEqual({
          ...nothing,
          language: name,
          lines: 1,
        })
      }
    },
  )

  test('in an unknown language is not inspected', async () => {
    expect(await analyser.inspect('README.md', 'x')).toBe(null)
  })

  test('with a syntax error is measured in part', async () => {
    const found = await analyser.inspect(
      'a.js',
      'function good() { if (a) {} }\nfunction f( { if (((\n',
    )
    expect(found).toMatchObject({ isBroken: true, lines: 2, code: 2 })
    expect(found?.functions[0]).toMatchObject({
      name: 'good',
      line: 1,
      end: 1,
      cyclomatic: 2,
      cognitive: 1,
    })
  })

  test.each(languages)('$name: of noise does not throw', async ({ extensions }) => {
    for (const text of [
      '}}}}',
      '((((',
      '"',
      '\0\uFFFF\uD800',
      '&& || ?? else case if',
      'class { function ( } => =>',
    ])
      expect(await analyser.inspect(`a.${extensions[0]}`, text)).toMatchObject({ lines: 1 })
  })

  test('of 20,000 lines is measured in a few seconds', async () => {
    const text = 'function f(a) { if (a && b) { g() } }\n'.repeat(20_000)
    const found = await analyser.inspect('a.js', text)
    expect(found).toMatchObject({ lines: 20_000, code: 20_000, isBroken: false })
    expect(found?.functions).toHaveLength(20_000)
    expect(found?.functions.at(-1)).toMatchObject({ line: 20_000, cyclomatic: 3, cognitive: 2 })
  })

  test('that nests 10,000 levels deep does not overflow the stack', async () => {
    const deep = async (
      before: string,
      open: string,
      close: string,
      after = '',
    ): Promise<unknown> =>
      analyser.inspect(
        'a.js',
        `${before}${`${open}\n`.repeat(10_000)}1${`\n${close}`.repeat(10_000)}${after}`,
      )
    expect(await deep('x = ', '(', ')')).toMatchObject({ isBroken: false })
    expect(await deep('x = ', '(', '')).toMatchObject({ isBroken: true })
    expect(await deep('function f() {', 'if (a) {', '}', '}')).toMatchObject({
      functions: [{ cyclomatic: 10_001, cognitive: (10_000 * 10_001) / 2 }],
    })
    const nested = (await analyser.inspect('a.js', 'x = ' + '() =>\n'.repeat(10_000) + '1'))
      ?.functions
    expect(nested).toHaveLength(10_000)
    expect(Math.max(...(nested ?? []).map(({ name }) => name.length))).toBeLessThanOrEqual(200)
  })

  test('frees its syntax tree, even when measuring fails', async () => {
    const { Tree, TreeCursor } = createRequire(import.meta.url)(
      '@vscode/tree-sitter-wasm',
    ) as typeof TreeSitter
    const [trees, cursors] = [
      vi.spyOn(Tree.prototype, 'delete'),
      vi.spyOn(TreeCursor.prototype, 'delete'),
    ]
    await analyser.inspect('a.ts', 'f()')
    expect([trees.mock.calls.length, cursors.mock.calls.length]).toEqual([1, 1])
    const failing = vi.spyOn(TreeCursor.prototype, 'gotoFirstChild').mockImplementation(() => {
      throw new Error('no child')
    })
    await expect(analyser.inspect('a.ts', 'f()')).rejects.toThrow('no child')
    failing.mockRestore()
    expect([trees.mock.calls.length, cursors.mock.calls.length]).toEqual([2, 2])
    vi.restoreAllMocks()
  })

  test('is inspected while another file waits for its grammar', async () => {
    const fresh = await createAnalyser()
    const all = await Promise.all(
      languages.map(({ extensions }) => fresh.inspect(`a.${extensions[0]}`, 'f')),
    )
    expect(all.map((found) => found?.language)).toEqual(languages.map(({ name }) => name))
  })
})

describe('lines', () => {
  const fnv = { a: 0xe40c292c, foobar: 0xbf9cf968 }

  test('of code contain more than blanks and comments', async () => {
    const text =
      '\uFEFF// one\r\n\r\nconst a = 1 // two\r\n/* three\nfour */ const b = 2\n}\n  );\n`\n\nx`'
    const found = await analyser.inspect('a.js', text)
    expect(found).toMatchObject({ lines: 10, code: 6, at: [3, 5, 10] })
    expect(found?.hashes).toHaveLength(3)
  })

  test('of Python docstrings are comments; other strings are code', async () => {
    const text = '"""Module."""\ndef f():\n  """One.\n\n  Two."""\n  x = """a\n  b"""\n  return x\n'
    expect(await analyser.inspect('a.py', text)).toMatchObject({
      lines: 8,
      code: 4,
      at: [2, 6, 7, 8],
    })
  })

  test('have FNV-1a hashes that ignore blanks and comments', async () => {
    expect(measureLines('a\n\n foobar\t', []).lineHashes).toEqual([fnv.a, fnv.foobar])
    const hashes = async (text: string): Promise<number[] | undefined> =>
      (await analyser.inspect('a.ts', text))?.hashes
    const [first, ...others] =
      (await hashes('x = a  +\tb\n  x = a + b // c\nx /* c */ = a + b\nx = a+b')) ?? []
    expect(others).toEqual([first, first, expect.not.toSatisfy((hash) => hash === first)])
    expect(await hashes('a /* b */')).toEqual(await hashes('a'))
  })

  test('are counted with and without a final line end', () => {
    expect([
      measureLines('a\nb', []).lines,
      measureLines('a\nb\n', []).lines,
      measureLines('\n\n', []).lines,
    ]).toEqual([2, 2, 2])
  })
})
