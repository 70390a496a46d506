export interface Language {
  name: string
  /** of the file `tree-sitter-….wasm` */
  grammar: string
  extensions: string[]
}

/** The languages whose code is measured; the grammars are those of the package `@vscode/tree-sitter-wasm`. */
export const languages: Language[] = [
  { name: 'JavaScript', grammar: 'javascript', extensions: ['js', 'mjs', 'cjs', 'jsx'] },
  { name: 'TypeScript', grammar: 'typescript', extensions: ['ts', 'mts', 'cts'] },
  { name: 'TSX', grammar: 'tsx', extensions: ['tsx'] },
  { name: 'Python', grammar: 'python', extensions: ['py'] },
  { name: 'Go', grammar: 'go', extensions: ['go'] },
  { name: 'Java', grammar: 'java', extensions: ['java'] },
  { name: 'C#', grammar: 'c-sharp', extensions: ['cs'] },
  { name: 'C++', grammar: 'cpp', extensions: ['c', 'h', 'cc', 'cpp', 'cxx', 'hpp', 'hh'] },
  { name: 'Ruby', grammar: 'ruby', extensions: ['rb'] },
  { name: 'Rust', grammar: 'rust', extensions: ['rs'] },
  { name: 'PHP', grammar: 'php', extensions: ['php'] },
  { name: 'Bash', grammar: 'bash', extensions: ['sh', 'bash'] },
]

export const languageOf = (path: string): Language | null => {
  const extension = /\.([a-z]+)$/.exec(path)?.[1]
  return languages.find(({ extensions }) => extension !== undefined && extensions.includes(extension)) ?? null
}

/** What a node of a syntax tree means for complexity. */
export type Kind =
  | 'function'
  /** a function without a name of its own: what is in it counts for the function around it, too */
  | 'lambda'
  | 'class'
  | 'if'
  | 'else'
  | 'loop'
  | 'switch'
  | 'case'
  | 'catch'
  | 'ternary'
  | 'binary'
  | 'jump'
  | 'comment'

const named: Record<Kind, string> = {
  function: `function_declaration generator_function_declaration method_definition function_definition method_declaration
    constructor_declaration compact_constructor_declaration function_item local_function_statement method singleton_method
    destructor_declaration operator_declaration accessor_declaration function_expression generator_function`,
  lambda: `arrow_function lambda_expression lambda func_literal closure_expression anonymous_function do_block
    anonymous_function_creation_expression anonymous_method_expression`,
  class: `class_declaration class_definition class class_specifier struct_specifier impl_item interface_declaration trait_item
    module enum_declaration record_declaration struct_declaration trait_declaration namespace_definition mod_item`,
  if: 'if_statement if_expression if unless if_modifier unless_modifier',
  else: 'else_clause elif_clause else elsif else_if_clause',
  loop: `for_statement for_in_statement while_statement do_statement enhanced_for_statement foreach_statement for_expression
    while_expression loop_expression for_range_loop c_style_for_statement for while until while_modifier until_modifier`,
  switch: `switch_statement switch_expression match_expression match_statement expression_switch_statement type_switch_statement
    select_statement case_statement case case_match`,
  case: 'match_arm switch_expression_arm case_item case_clause when in_clause match_conditional_expression',
  catch: 'catch_clause except_clause except_group_clause rescue',
  ternary: 'ternary_expression conditional_expression conditional',
  binary: 'binary_expression boolean_operator binary list',
  jump: 'break_statement continue_statement goto_statement break_expression continue_expression',
  comment: 'comment line_comment block_comment html_comment',
}

const kinds = new Map<string, Kind>(
  Object.entries(named).flatMap(([kind, types]) =>
    types.split(/\s+/).map((type): [string, Kind] => [type, kind as Kind]),
  ),
)

/** Grammars mostly agree on names; a case of C++ is called as the whole `case` of Bash is. */
export const kindsOf = ({ grammar }: Language): Map<string, Kind> =>
  grammar === 'cpp' ? new Map([...kinds].filter(([type]) => type !== 'case_statement')) : kinds

/** Keywords that are a decision wherever they stand; McCabe 1976 counts each as one more way. */
export const decisions = new Set(
  'if elif elsif elseif unless for foreach while until catch except rescue case when if_modifier'.split(' '),
)

/** Of operators, those that may leave out their right side. */
export const booleans: Record<string, string> = { '&&': 'and', and: 'and', '||': 'or', or: 'or', '??': 'else' }
