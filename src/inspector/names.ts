import type { Node } from '@vscode/tree-sitter-wasm'

const longestName = 200
const longestReceiver = 500

/** The name of a function or class in the code; null when it has none. */
export function ownName(node: Node): string | null {
  const name = node.childForFieldName('name')?.text ?? declaredName(node)
  if (name !== null) return tidy(name)
  const type = node.childForFieldName(node.type === 'impl_item' ? 'type' : 'operator')
  if (type)
    return tidy(
      node.type === 'impl_item' ? (type.text.split('<', 1)[0] ?? '') : `operator ${type.text}`,
    )
  return node.type === 'conversion_operator_declaration'
    ? tidy(`operator ${node.childForFieldName('type')?.text ?? ''}`)
    : null
}

/** The receiver type of a Go method, and the name of the receiver. */
export function receiverOf(node: Node): { type: string; self: string } | null {
  const text = node.childForFieldName('receiver')?.text.slice(0, longestReceiver) ?? ''
  const [, self = '', type] =
    /^\(\s*(?:(\w+)\s+)?\*?\s*(\w+)(?:\[[^\]]*\])?\s*,?\s*\)$/.exec(text) ?? []
  return type === undefined ? null : { type, self }
}

/** A name on one line, without quotes, with dots between its parts. */
export function tidy(text: string): string {
  const name = text.slice(0, longestName).replaceAll(/\s+/g, ' ').replaceAll('::', '.').trim()
  return /^(['"])[^]*\1$/.test(name) && name.length > 2 ? name.slice(1, -1) : name
}

/** A name with those of its enclosing scopes; the length is limited. */
export const join = (scope: string, name: string): string =>
  scope === '' ? name : `${scope}.${name}`.slice(0, longestName)

const isDeclarator = /_declarator$/

/** C and C++ nest the name and the parameters in declarators. */
function declaratorOf(node: Node): Node | null {
  let at = node.childForFieldName('declarator')
  let found: Node | null = null
  while (at && isDeclarator.test(at.type)) {
    if (at.type === 'function_declarator' || at.type === 'lambda_declarator') found = at
    at = at.childForFieldName('declarator') ?? at.firstNamedChild
  }
  return found
}

/** A conversion such as `operator bool()` has no function declarator. */
function declaredName(node: Node): string | null {
  if (node.type !== 'function_definition') return null
  const name = declaratorOf(node)?.childForFieldName('declarator')?.text
  const text = node.childForFieldName('declarator')?.text
  return name ?? text?.split('(', 1)[0]?.trimEnd() ?? null
}

/** The number of parameters of a function, without receivers such as `self`. */
export function countParameters(node: Node, isNone: RegExp | undefined): number {
  const list =
    node.childForFieldName('parameters') ?? declaratorOf(node)?.childForFieldName('parameters')
  if (list) return countItems(list, isNone)
  return node.childForFieldName('parameter') ? 1 : 0
}

/** The number of comma-separated items in a list. A list without brackets is one item. */
export function countItems(list: Node, isNone?: RegExp): number {
  if (list.childCount === 0) return 1
  let count = 0
  let item = 0
  for (const child of list.children) {
    if (!child) continue
    if (child.type === ',') {
      count += item
      item = 0
    } else if (child.isNamed && !child.type.includes('comment') && !isNone?.test(child.text)) {
      // In Go, `a, b int` is one node.
      item =
        child.type === 'parameter_declaration'
          ? Math.max(1, child.childrenForFieldName('name').length)
          : 1
    }
  }
  return count + item
}
