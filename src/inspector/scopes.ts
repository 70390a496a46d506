import type { Node } from '@vscode/tree-sitter-wasm'
import { type FunctionFacts, type OpenFunction, startFunction } from './functions.ts'
import { countParameters, join, ownName, receiverOf, tidy } from './names.ts'
import { role } from './roles.ts'
import type { Frame, Walk } from './walk.ts'

const anonymous = '<anonymous>'

/** The name of the target of an assignment; null without one. */
export const givenName = ({ text }: Walk, { nameStart, nameEnd }: Frame): string | null =>
  nameStart === -1 ? null : tidy(text.slice(nameStart, nameEnd))

/** Starts a function at the current node; a declaration without a body is not one. */
export function openFunction(walk: Walk, frame: Frame, parent: Frame): void {
  const node = walk.cursor.currentNode
  if (isDeclaration(node)) return
  const own = ownName(node)
  const given = givenName(walk, parent)
  const short =
    frame.role === role.accessor ? join(given ?? '', own ?? '') : (own ?? given ?? anonymous)
  const receiver = receiverOf(node)
  const name = join(receiver ? join(frame.scope, receiver.type) : frame.scope, short)
  const open = startFunction(factsOf(walk, node, name), frame.open, frame.nesting)
  const selves = receiver
    ? [`${receiver.self}.`]
    : frame.isInClass
      ? walk.grammar.language.selves
      : null
  if (short !== anonymous) open.calls = callsOf(short, selves, walk)
  open.isFlat = isDecorator(node)
  walk.functions.push(open)
  begin(frame, open, name)
}

function begin(frame: Frame, open: OpenFunction, name: string): void {
  frame.open = open
  frame.isOwner = true
  frame.nesting = 0
  frame.scope = name
  frame.isInClass = false
}

function factsOf({ grammar: { language } }: Walk, node: Node, name: string): FunctionFacts {
  const parameters = countParameters(node, language.noParameter)
  return {
    name,
    line: node.startPosition.row + 1,
    end: node.endPosition.row + 1,
    cyclomatic: 1,
    cognitive: 0,
    parameters,
  }
}

/**
 * How a function calls itself; `selves` precede the name of a method, null for a plain function.
 */
function callsOf(
  short: string,
  selves: string[] | null,
  { grammar: { language } }: Walk,
): string[] {
  const name = language.hasBareMethods ? short.slice(short.lastIndexOf('.') + 1) : short
  const methods = selves?.map((self) => `${self}${name}`) ?? []
  return selves === null || language.hasBareMethods ? [name, ...methods] : methods
}

const noBody = /^(;|(default|delete)_method_clause|pure_virtual_clause)$/

const isDeclaration = (node: Node): boolean =>
  node.childForFieldName('body') === null && noBody.test(node.lastChild?.type ?? '')

/**
 * Python: only a function and a `return` (appendix A of the paper); a preceding string documents
 * it.
 */
function isDecorator(node: Node): boolean {
  const body = node.childForFieldName('body')
  if (body?.type !== 'block' || body.namedChildCount > 6) return false
  const types = body.namedChildren.map((child) => child?.type).filter((type) => type !== 'comment')
  if (
    types[0] === 'expression_statement' &&
    body.firstNamedChild?.firstNamedChild?.type === 'string'
  )
    types.shift()
  return (
    types.length === 2 &&
    /^(decorated|function)_definition$/.test(types[0] ?? '') &&
    types[1] === 'return_statement'
  )
}
