import type { NodeTypes } from './roles.ts'

// Meaning of the named nodes of Go, Java, C#, C++ and Rust.

export const go: NodeTypes = {
  comment: 'comment',
  function: 'function_declaration method_declaration func_literal',
  if: 'if_statement',
  loop: 'for_statement',
  switch: 'expression_switch_statement type_switch_statement select_statement',
  way: 'expression_case type_case communication_case',
  binary: 'binary_expression',
  parens: 'parenthesized_expression',
  jump: 'break_statement continue_statement',
  label: 'label_name',
  goto: 'goto_statement',
  call: 'call_expression',
  binding: 'short_var_declaration var_spec assignment_statement keyed_element',
  pass: 'expression_list literal_element',
}

export const java: NodeTypes = {
  comment: 'line_comment block_comment',
  function:
    'method_declaration constructor_declaration compact_constructor_declaration lambda_expression',
  scope:
    'class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration',
  if: 'if_statement',
  loop: 'for_statement enhanced_for_statement while_statement do_statement',
  switch: 'switch_expression',
  cases: 'switch_label',
  way: 'guard',
  catch: 'catch_clause',
  ternary: 'ternary_expression',
  binary: 'binary_expression',
  parens: 'parenthesized_expression',
  jump: 'break_statement continue_statement',
  label: 'identifier',
  call: 'method_invocation',
  binding: 'variable_declarator assignment_expression',
  pass: 'cast_expression',
}

export const csharp: NodeTypes = {
  comment: 'comment shebang_directive',
  function: `method_declaration constructor_declaration destructor_declaration operator_declaration
    conversion_operator_declaration local_function_statement lambda_expression anonymous_method_expression`,
  accessor: 'accessor_declaration',
  arrow: 'arrow_expression_clause',
  property: 'property_declaration indexer_declaration event_declaration',
  scope: 'class_declaration struct_declaration interface_declaration record_declaration',
  if: 'if_statement',
  loop: 'for_statement foreach_statement while_statement do_statement',
  switch: 'switch_statement switch_expression',
  cases: 'switch_section',
  arm: 'switch_expression_arm',
  way: 'when_clause catch_filter_clause',
  catch: 'catch_clause',
  ternary: 'conditional_expression',
  binary: 'binary_expression',
  logical: 'and_pattern or_pattern',
  parens: 'parenthesized_expression parenthesized_pattern',
  goto: 'goto_statement',
  call: 'invocation_expression',
  binding: 'variable_declarator assignment_expression',
  pass: 'accessor_list cast_expression',
  directive: 'preproc_if',
  otherwise: 'preproc_elif preproc_else',
}

export const cpp: NodeTypes = {
  comment: 'comment',
  function: 'function_definition lambda_expression',
  scope: 'class_specifier struct_specifier union_specifier',
  if: 'if_statement',
  else: 'else_clause',
  loop: 'for_statement for_range_loop while_statement do_statement',
  switch: 'switch_statement',
  cases: 'case_statement',
  catch: 'catch_clause seh_except_clause',
  ternary: 'conditional_expression',
  binary: 'binary_expression',
  parens: 'parenthesized_expression',
  goto: 'goto_statement',
  call: 'call_expression',
  binding: 'init_declarator assignment_expression initializer_pair',
  directive: 'preproc_if preproc_ifdef',
  otherwise: 'preproc_elif preproc_elifdef preproc_else',
}

export const rust: NodeTypes = {
  comment: 'line_comment block_comment shebang',
  function: 'function_item closure_expression',
  scope: 'impl_item trait_item mod_item',
  if: 'if_expression',
  else: 'else_clause',
  loop: 'for_expression while_expression',
  forever: 'loop_expression',
  switch: 'match_expression',
  arm: 'match_arm',
  pattern: 'match_pattern',
  binary: 'binary_expression',
  logical: 'let_chain',
  parens: 'parenthesized_expression',
  jump: 'break_expression continue_expression',
  label: 'label',
  call: 'call_expression',
  binding: 'let_declaration assignment_expression field_initializer',
}
