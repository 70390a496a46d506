import type * as TreeSitter from '@vscode/tree-sitter-wasm'
import type { Language } from './languages.ts'
import { role, type RoleName, tokens } from './roles.ts'

/** Fields of a structure that are read before it nests. */
const headerFields = `condition initializer initialize init update increment left right value pattern name type
  declarator variable exceptions parameter parameters kind operator`
const nameFields = 'name left key pattern field declarator designator'

/** A language with the numbers that its loaded grammar gives to nodes and fields. */
export interface Grammar {
  language: Language
  /** By the id of a node type. */
  roles: Uint8Array
  /** By the id of a field: 1 for those that do not nest, and those that name what is assigned. */
  headers: Uint8Array
  names: Uint8Array
  operator: number
}

/** Resolves the table of a language against its loaded grammar. */
export function grammarOf(language: Language, loaded: TreeSitter.Language): Grammar {
  return {
    language,
    roles: rolesOf(language, loaded),
    headers: fieldsOf(loaded, headerFields),
    names: fieldsOf(loaded, nameFields),
    operator: loaded.fieldIdForName('operator') ?? 0,
  }
}

function rolesOf({ nodes }: Language, loaded: TreeSitter.Language): Uint8Array {
  const named = new Map<string, number>()
  for (const [name, types] of Object.entries(nodes))
    for (const type of types.split(/\s+/)) named.set(type, role[name as RoleName])
  // Several ids may share a name, so each is looked at.
  return Uint8Array.from(loaded.types, (type, id) =>
    loaded.nodeTypeIsNamed(id)
      ? (named.get(type) ?? role.plain)
      : role[tokens[type] ?? 'punctuation'],
  )
}

function fieldsOf(loaded: TreeSitter.Language, names: string): Uint8Array {
  const known = new Set(names.split(/\s+/))
  return Uint8Array.from(loaded.fields, (field) => (known.has(field ?? '') ? 1 : 0))
}
