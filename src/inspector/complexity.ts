import type { Node, TreeCursor } from '@vscode/tree-sitter-wasm'
import { booleans, decisions, type Kind } from './languages.ts'
import { className, functionName } from './names.ts'

/** A function and how hard it is to follow. */
export interface FunctionFacts {
  /** with the classes and functions around it: `Cart.add` */
  name: string
  /** lines from 1, both inclusive */
  line: number
  end: number
  /** McCabe, 1976: ways through it */
  cyclomatic: number
  /** G. Ann Campbell, SonarSource, 2018: how hard it is to read */
  cognitive: number
  parameters: number
}

interface Open {
  facts: FunctionFacts
  /** what is in it counts for this one, too */
  outer: Open | null
  /** nesting at which its body begins */
  base: number
  short: string
  isRecursive: boolean
}

interface Level {
  kind: Kind | null
  type: string
  nesting: number
  fn: Open | null
  /** the boolean expression that this node is a part of, with its last operator */
  sequence: { last: string | null } | null
  scope: string[]
  /** the keyword `else` was the last child */
  afterElse: boolean
}

/** Walks a tree once, without recursion: code nests as deeply as somebody likes. Answers functions, and the ranges of comments. */
export function measureTree(
  root: Node,
  kinds: Map<string, Kind>,
): { functions: FunctionFacts[]; comments: [number, number][] } {
  const walk: Walk = { cursor: root.walk(), kinds, functions: [], comments: [] }
  const { cursor } = walk
  const start: Level = { kind: null, type: '', nesting: 0, fn: null, sequence: null, scope: [], afterElse: false }
  const levels: Level[] = [start]
  try {
    for (;;) {
      const level = enter(walk, levels.at(-1) ?? start)
      if (level.kind !== 'comment' && cursor.gotoFirstChild()) {
        levels.push(level)
        continue
      }
      while (!cursor.gotoNextSibling()) {
        levels.pop()
        if (levels.length === 0 || !cursor.gotoParent()) return { functions: walk.functions, comments: walk.comments }
      }
    }
  } finally {
    cursor.delete()
  }
}

interface Walk {
  cursor: TreeCursor
  kinds: Map<string, Kind>
  functions: FunctionFacts[]
  comments: [number, number][]
}

function enter(walk: Walk, parent: Level): Level {
  const { cursor } = walk
  const type = cursor.nodeType
  if (!cursor.nodeIsNamed) return keyword(type, parent)
  const kind = walk.kinds.get(type) ?? null
  const wasElse = parent.afterElse
  parent.afterElse = false
  const level: Level = { ...parent, kind, type, sequence: null, afterElse: false }
  if (kind === null) return plain(walk, level, parent)
  if (kind === 'comment') walk.comments.push([cursor.startIndex, cursor.endIndex])
  else if (kind === 'function' || kind === 'lambda') level.fn = open(walk, level, parent)
  else if (kind === 'class') level.scope = [...parent.scope, className(cursor.currentNode)].filter(Boolean)
  else if (kind === 'if') structure(level, parent, wasElse)
  else if (kind === 'loop' || kind === 'switch' || kind === 'catch') structure(level, parent, false)
  else if (kind === 'ternary') {
    structure(level, parent, false)
    add(level.fn, { cyclomatic: type === 'conditional_expression' && parentIsPython(walk) ? 0 : 1 })
  } else if (kind === 'case' && !isDefault(cursor)) add(level.fn, { cyclomatic: 1 })
  else if (kind === 'jump' && hasLabel(cursor)) add(level.fn, { cognitive: 1 })
  else if (kind === 'binary') level.sequence = parent.sequence ?? { last: null }
  // That of a loop, a `case` or a `try` is no other way.
  else if (kind === 'else' && parent.kind !== 'if' && parent.kind !== 'else') level.kind = null
  return level
}

/** Its keyword `if` counts already, as in every language but this one. */
const parentIsPython = ({ cursor }: Walk): boolean => cursor.currentNode.child(1)?.type === 'if'

function keyword(type: string, parent: Level): Level {
  const level = { ...parent, kind: null, type }
  const operator = booleans[type]
  const { sequence } = parent
  if (operator !== undefined && parent.kind === 'binary' && sequence) {
    add(parent.fn, { cyclomatic: 1, cognitive: sequence.last === operator ? 0 : 1 })
    sequence.last = operator
  } else if (decisions.has(type) && !isCounted(type, parent)) add(parent.fn, { cyclomatic: 1 })
  const isElse = type === 'else' || type === 'elif' || type === 'elsif' || type === 'elseif'
  if (isElse && (parent.kind === 'if' || parent.kind === 'else')) add(parent.fn, { cognitive: 1 })
  parent.afterElse = type === 'else'
  return level
}

/** Of `case` as Bash, Ruby and Python have it, the branches count, and they did by their nodes. */
const isCounted = (type: string, { kind }: Level): boolean => kind === 'case' || (type === 'case' && kind === 'switch')

/** One more for the structure, and for each that it stands in. An `else if` counted with its `else`, and nests no deeper. */
function structure(level: Level, parent: Level, isElseIf: boolean): void {
  if (isElseIf) return
  for (let fn = level.fn; fn; fn = fn.outer) fn.facts.cognitive += 1 + parent.nesting - fn.base
  level.nesting = parent.nesting + 1
}

function add(fn: Open | null, by: { cyclomatic?: number; cognitive?: number }): void {
  if (fn) fn.facts.cyclomatic += by.cyclomatic ?? 0
  for (let each = fn; each; each = each.outer) each.facts.cognitive += by.cognitive ?? 0
}

function open(walk: Walk, level: Level, parent: Level): Open {
  const node = walk.cursor.currentNode
  const { name, isOwn } = functionName(node)
  const scope = [...parent.scope, name]
  const isInner = parent.fn !== null
  const facts: FunctionFacts = {
    name: scope.join('.').slice(0, 300),
    line: node.startPosition.row + 1,
    end: node.endPosition.row + 1,
    cyclomatic: 1,
    cognitive: 0,
    parameters: node.childForFieldName('parameters')?.namedChildCount ?? 0,
  }
  walk.functions.push(facts)
  level.scope = scope
  level.nesting = isInner ? parent.nesting + 1 : 0
  const outer = isInner && level.kind === 'lambda' && !isOwn ? parent.fn : null
  return { facts, outer, base: level.nesting, short: name.split('.').at(-1) ?? name, isRecursive: false }
}

/** Elsewhere nothing counts but a function that calls itself, once. */
function plain({ cursor }: Walk, level: Level, parent: Level): Level {
  const { fn } = parent
  const isName = level.type === 'identifier' && (parent.type === 'call_expression' || parent.type === 'call')
  if (fn && isName && !fn.isRecursive && cursor.nodeText === fn.short) {
    fn.isRecursive = true
    add(fn, { cognitive: 1 })
  }
  // Brackets alone begin no new sequence; a negation or a call does.
  if (level.type === 'parenthesized_expression') level.sequence = parent.sequence
  return level
}

function isDefault(cursor: TreeCursor): boolean {
  const pattern = (cursor.currentNode.namedChild(0) ?? cursor.currentNode.child(0))?.text ?? ''
  return pattern === '_' || pattern === '*' || pattern === 'default'
}

const hasLabel = (cursor: TreeCursor): boolean =>
  cursor.currentNode.namedChildCount > 0 && !/^(break|continue)_expression$/.test(cursor.nodeType)
