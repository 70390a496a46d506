import type * as TreeSitter from '@vscode/tree-sitter-wasm'
import type { Language } from './languages.ts'
import { role, type RoleName, tokens } from './roles.ts'

/** Fields of a structure before its nested part. */
const headerFields = `condition initializer initialize init update increment left right value pattern name type
  declarator variable exceptions parameter parameters kind operator`
const nameFields = 'name left key pattern field declarator designator'

/** A language with the numeric node and field ids of its loaded grammar. */
export interface Grammar {
  language: Language
  /** By node type id. */
  roles: Uint8Array
  /**
   * By field id: 1 for fields that do not nest, and those that name the target of an assignment.
   */
  headers: Uint8Array
  names: Uint8Array
  operator: number
}

/** Resolves the table of a language with its loaded grammar. */
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
  // Several ids can share a name, so each one is checked.
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
