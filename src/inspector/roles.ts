/** What a node can mean; the paper is "Cognitive Complexity" by G. Ann Campbell, SonarSource. */
const roleNames = [
  'plain',
  // From here to `comment` nothing within the node matters.
  'punctuation',
  'elseToken',
  'andToken',
  'orToken',
  'coalesceToken',
  'caseToken',
  'ifToken',
  'comment',
  // A function with a name of its own or of what it is assigned to, the block of a call, `get`, and
  // `=>` of a property.
  'function',
  'block',
  'accessor',
  'arrow',
  // What names of functions begin with.
  'scope',
  'object',
  'if',
  'elif',
  // An `else` that may have an `if` right behind it, and one of which an `if` is a statement among
  // others.
  'else',
  'elseBlock',
  'loop',
  // A loop that decides nothing.
  'forever',
  'switch',
  'catch',
  'ternary',
  // Preprocessor: read as control flow, but nothing decides when the program runs.
  'directive',
  'otherwise',
  // One more way: a case or a guard. An arm is one unless it takes whatever is left; cases have a
  // token for each.
  'way',
  'arm',
  'cases',
  // A pattern whose guard is no node.
  'pattern',
  // An operator that may be boolean, and one that is.
  'binary',
  'logical',
  'parens',
  'jump',
  'label',
  'goto',
  'call',
  // What gives a function its name: by a field, as a property, by its first child; and what stands
  // between.
  'binding',
  'property',
  'entry',
  'pass',
  // A text that is a statement explains, as a comment does.
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

/** The roles of keywords and operators, which are the same in every language. */
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
