/**
 * The possible meanings of a node. The paper is "Cognitive Complexity" by G. Ann Campbell,
 * SonarSource.
 */
const roleNames = [
  'plain',
  // From here to `comment`, nothing inside the node matters.
  'punctuation',
  'elseToken',
  'andToken',
  'orToken',
  'coalesceToken',
  'caseToken',
  'ifToken',
  'comment',
  // A function named by itself or by its assignment, a block passed to a call, `get`, and `=>` of a
  // property.
  'function',
  'block',
  'accessor',
  'arrow',
  // Prefixes of function names.
  'scope',
  'object',
  'if',
  'elif',
  // An `else` with an optional `if` directly after it, and one whose `if` is an ordinary statement.
  'else',
  'elseBlock',
  'loop',
  // A loop without a decision.
  'forever',
  'switch',
  'catch',
  'ternary',
  // Preprocessor: read as control flow, but evaluated at compile time.
  'directive',
  'otherwise',
  // One more path: a case or a guard. A default arm is none; cases have a token for each.
  'way',
  'arm',
  'cases',
  // A pattern whose guard is not a node.
  'pattern',
  // An operator that can be boolean, and one that is.
  'binary',
  'logical',
  'parens',
  'jump',
  'label',
  'goto',
  'call',
  // What names a function: a field, a property, the first child; and the nodes between.
  'binding',
  'property',
  'entry',
  'pass',
  // A string that is a statement documents the code, like a comment.
  'statement',
  'text',
] as const

export type RoleName = (typeof roleNames)[number]

/** The named node types of each role, separated by spaces. */
export type NodeTypes = Partial<Record<RoleName, string>>

/** The number of each role. */
export const role = Object.fromEntries(roleNames.map((name, id) => [name, id])) as Record<
  RoleName,
  number
>

/** The roles of keywords and operators, which are equal in all languages. */
export const tokens: Record<string, RoleName> = {
  else: 'elseToken',
  '&&': 'andToken',
  and: 'andToken',
  '||': 'orToken',
  or: 'orToken',
  '??': 'coalesceToken',
  case: 'caseToken',
  if: 'ifToken',
}
