import type { NodeTypes } from './roles.ts'

// Meaning of the named nodes of JavaScript, TypeScript, Python, Ruby, PHP and Bash.

export const script: NodeTypes = {
  comment: 'comment html_comment hash_bang_line',
  function: `function_declaration generator_function_declaration function_expression generator_function arrow_function
    method_definition`,
  scope: 'class_declaration class',
  object: 'object',
  if: 'if_statement',
  else: 'else_clause',
  loop: 'for_statement for_in_statement while_statement do_statement',
  switch: 'switch_statement',
  way: 'switch_case',
  catch: 'catch_clause',
  ternary: 'ternary_expression',
  binary: 'binary_expression',
  parens: 'parenthesized_expression',
  jump: 'break_statement continue_statement',
  label: 'statement_identifier',
  call: 'call_expression',
  binding: 'variable_declarator assignment_expression pair assignment_pattern field_definition',
}

export const typed: NodeTypes = {
  ...script,
  scope: 'class_declaration abstract_class_declaration class internal_module module',
  binding:
    'variable_declarator assignment_expression pair assignment_pattern public_field_definition',
  pass: 'as_expression satisfies_expression',
}

export const python: NodeTypes = {
  comment: 'comment',
  statement: 'expression_statement',
  text: 'string',
  function: 'function_definition lambda',
  scope: 'class_definition',
  if: 'if_statement',
  elif: 'elif_clause',
  else: 'else_clause',
  loop: 'for_statement while_statement',
  switch: 'match_statement',
  arm: 'case_clause',
  way: 'for_in_clause if_clause',
  catch: 'except_clause',
  ternary: 'conditional_expression',
  logical: 'boolean_operator',
  parens: 'parenthesized_expression',
  call: 'call',
  binding: 'assignment pair keyword_argument default_parameter',
}

export const ruby: NodeTypes = {
  comment: 'comment uninterpreted',
  function: 'method singleton_method lambda',
  block: 'block do_block',
  scope: 'class module',
  if: 'if unless if_modifier unless_modifier',
  elif: 'elsif',
  elseBlock: 'else',
  loop: 'for while until while_modifier until_modifier',
  switch: 'case case_match',
  arm: 'in_clause',
  way: 'when if_guard unless_guard',
  catch: 'rescue rescue_modifier',
  ternary: 'conditional',
  binary: 'binary',
  parens: 'parenthesized_statements',
  call: 'call',
  binding: 'assignment pair optional_parameter',
}

export const php: NodeTypes = {
  comment: 'comment',
  function: 'function_definition method_declaration anonymous_function arrow_function',
  scope: 'class_declaration interface_declaration trait_declaration enum_declaration',
  if: 'if_statement',
  elif: 'else_if_clause',
  else: 'else_clause',
  loop: 'for_statement foreach_statement while_statement do_statement',
  switch: 'switch_statement match_expression',
  way: 'case_statement match_conditional_expression',
  catch: 'catch_clause',
  ternary: 'conditional_expression',
  binary: 'binary_expression',
  parens: 'parenthesized_expression',
  jump: 'break_statement continue_statement',
  label: 'integer',
  goto: 'goto_statement',
  call: 'function_call_expression member_call_expression scoped_call_expression',
  binding: 'assignment_expression',
  entry: 'array_element_initializer',
}

export const bash: NodeTypes = {
  comment: 'comment',
  function: 'function_definition',
  if: 'if_statement',
  elif: 'elif_clause',
  elseBlock: 'else_clause',
  loop: 'for_statement c_style_for_statement while_statement',
  switch: 'case_statement',
  arm: 'case_item',
  ternary: 'ternary_expression',
  binary: 'binary_expression',
  logical: 'list',
  parens: 'parenthesized_expression',
  call: 'command',
}
