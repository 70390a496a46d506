import type { Node } from '@vscode/tree-sitter-wasm'

const fieldOf = (node: Node | null, ...fields: string[]): Node | null => {
  for (const field of fields) {
    const found = node?.childForFieldName(field)
    if (found) return found
  }
  return null
}

/** Of `impl`, the type; Ruby's modules and everybody's classes have a name. */
export const className = (node: Node): string => fieldOf(node, 'name', 'type')?.text.slice(0, 100) ?? ''

/** The name of a function; one without is called by what it is assigned to, if it is (`isOwn`), else `<anonymous>`. */
export function functionName(node: Node): { name: string; isOwn: boolean } {
  const own = fieldOf(node, 'name') ?? declared(node)
  if (own) return { name: `${receiver(node)}${own.text.slice(0, 200)}`, isOwn: true }
  const { parent } = node
  const given =
    parent && assignedTo.has(parent.type) ? fieldOf(parent, 'name', 'left', 'key', 'pattern', 'declarator') : null
  return given
    ? { name: given.text.replaceAll(/\s+/g, ' ').slice(0, 200), isOwn: true }
    : { name: '<anonymous>', isOwn: false }
}

const assignedTo = new Set(
  `variable_declarator assignment_expression assignment pair public_field_definition field_definition let_declaration
  property_assignment short_var_declaration init_declarator`.split(/\s+/),
)

/** C and C++ put the name into declarators, one in the other. */
function declared(node: Node): Node | null {
  let at = node.type === 'function_definition' ? node.childForFieldName('declarator') : null
  for (let inner = at; inner; inner = inner.childForFieldName('declarator')) at = inner
  return at
}

/** Of Go's methods: `(c *Cart)` is `Cart.` */
function receiver(node: Node): string {
  const type = /([A-Za-z_]\w*)(?:\[[^\]]*\])?\s*\)$/.exec(node.childForFieldName('receiver')?.text ?? '')?.[1]
  return type === undefined ? '' : `${type}.`
}
