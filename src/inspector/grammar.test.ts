import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type * as TreeSitter from '@vscode/tree-sitter-wasm'
import { expect, test } from 'vitest'
import { languageOf, languages } from './languages.ts'

const require = createRequire(import.meta.url)
const { Parser, Language } = require('@vscode/tree-sitter-wasm') as typeof TreeSitter
const folder = dirname(require.resolve('@vscode/tree-sitter-wasm'))

test.each(languages)(
  '$name: its grammar has each node type of the table, in one role',
  async ({ grammar, nodes }) => {
    await Parser.init()
    const loaded = await Language.load(`${folder}/tree-sitter-${grammar}.wasm`)
    const known = new Set(loaded.types.filter((_, id) => loaded.nodeTypeIsNamed(id)))
    const types = Object.values(nodes).flatMap((names) => names.split(/\s+/))
    expect(types.filter((type) => !known.has(type))).toEqual([])
    expect(types.filter((type, index) => types.indexOf(type) !== index)).toEqual([])
  },
)

test('detects the language by the file extension', () => {
  expect(languageOf('src/a.test.MTS')?.name).toBe('TypeScript')
  for (const file of ['ts', 'a', 'a.d', 'a.md', '.gitignore', 'a.ts.bak', ''])
    expect(languageOf(file)).toBe(null)
})
