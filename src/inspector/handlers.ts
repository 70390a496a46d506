import { addCall, addStructure, addWay } from './functions.ts'
import { role, type RoleName } from './roles.ts'
import { givenName, openFunction } from './scopes.ts'
import { join, countItems, ownName } from './names.ts'
import type { Frame, Walk } from './walk.ts'

type Handler = (walk: Walk, frame: Frame, parent: Frame) => void

/** A structure costs more the deeper it is nested, and so does its content. */
const structure: Handler = (_, frame) => {
  addStructure(frame.open, frame.nesting)
  frame.nesting += 1
  frame.watch = 'nesting'
}

/** A structure with a decision. */
const decision: Handler = (walk, frame, parent) => {
  addWay(frame.open)
  structure(walk, frame, parent)
}

/** An `else if` is handled with its `else`. */
const branch: Handler = (walk, frame, parent) => {
  if (!parent.isAfterElse) return decision(walk, frame, parent)
  addWay(frame.open)
  frame.watch = 'nesting'
}

const furtherBranch: Handler = (_, frame) => {
  addWay(frame.open)
  frame.open.cost += 1
  frame.watch = 'nesting'
}

/** The `else` of `case` or `try` is not another path. */
const otherBranch: Handler = (_, frame, parent) => {
  const isLive = parent.role === role.if || parent.role === role.elif || parent.role === role.loop
  if (!isLive) frame.role = role.plain
}

const elseToken: Handler = (_, __, parent) => {
  if (parent.role === role.if || parent.role === role.else || parent.role === role.elseBlock) {
    parent.open.cost += 1
    parent.isAfterElse = parent.role !== role.elseBlock
  } else if (parent.role === role.binding) {
    // `let … else` in Rust.
    addWay(parent.open)
    addStructure(parent.open, parent.nesting)
    parent.nesting += 1
  }
}

const operatorToken = (operator: number): Handler => {
  return ({ frames }, _, parent) => {
    if (!parent.isLogical) return
    addWay(parent.open)
    const first = frames[parent.sequence]
    if (!first || first.lastOperator === operator) return
    first.lastOperator = operator
    parent.open.cost += 1
  }
}

/** Starts or continues a sequence of boolean operators; `??` does not count, as in the paper. */
function beginSequence(frame: Frame, parent: Frame, isNull: boolean): void {
  frame.isLogical = true
  if (isNull) return
  const isInner = parent.sequence !== -1
  frame.sequence = isInner ? parent.sequence : frame.depth
  if (!isInner) frame.lastOperator = 0
}

const binary: Handler = ({ cursor, grammar }, frame, parent) => {
  const operator =
    grammar.roles[cursor.currentNode.childForFieldId(grammar.operator)?.typeId ?? 0] ?? role.plain
  if (operator === role.andToken || operator === role.orToken) beginSequence(frame, parent, false)
  else if (operator === role.coalesceToken) beginSequence(frame, parent, true)
}

const pass: Handler = (_, frame, parent) => {
  frame.nameStart = parent.nameStart
  frame.nameEnd = parent.nameEnd
}

const parens: Handler = (walk, frame, parent) => {
  frame.sequence = parent.sequence
  pass(walk, frame, parent)
}

const isRest = /^(_|\*)(\s|$)/

const arm: Handler = ({ cursor }, frame) => {
  if (!isRest.test(cursor.currentNode.firstNamedChild?.text.slice(0, 2) ?? '')) addWay(frame.open)
}

const named: Handler = (_, frame) => {
  frame.watch = 'name'
}

const scope: Handler = (walk, frame, parent) => {
  frame.scope = join(frame.scope, ownName(walk.cursor.currentNode) ?? givenName(walk, parent) ?? '')
  frame.isInClass = true
}

const object: Handler = (walk, frame, parent) => {
  frame.scope = join(frame.scope, givenName(walk, parent) ?? '')
  frame.isInClass = true
}

const callEnd = /\s*(?:\?\.)?(?:(?:::)?<|\()/y

const call: Handler = ({ cursor, grammar: { language }, text }, { open }) => {
  const start = cursor.startIndex
  const end = language.called ?? callEnd
  addCall(open, (callee, parameters) => {
    if (!text.startsWith(callee, start)) return false
    end.lastIndex = start + callee.length
    if (!end.test(text)) return false
    const values = language.hasOverloads && cursor.currentNode.childForFieldName('arguments')
    return !values || countItems(values) === parameters
  })
}

/** A comment. */
const comment: Handler = ({ cursor, comments }) => {
  comments.push(cursor.startIndex, cursor.endIndex)
}

const byName: Partial<Record<RoleName, Handler>> = {
  ...{ comment, elseToken, binary, parens, pass, arm, scope, object, call },
  andToken: operatorToken(1),
  orToken: operatorToken(2),
  coalesceToken: (_, __, parent) => void (parent.isLogical && addWay(parent.open)),
  caseToken: (_, __, parent) => void (parent.role === role.cases && addWay(parent.open)),
  ifToken: (_, __, parent) => void (parent.role === role.pattern && addWay(parent.open)),
  function: openFunction,
  block: (walk, frame, parent) => void (parent.isOwner || openFunction(walk, frame, parent)),
  accessor: openFunction,
  arrow: (walk, frame, parent) =>
    void (parent.role === role.property && openFunction(walk, frame, parent)),
  ...{
    if: branch,
    elif: furtherBranch,
    else: otherBranch,
    elseBlock: otherBranch,
    loop: decision,
    forever: structure,
    switch: structure,
  },
  ...{ catch: decision, ternary: decision },
  directive: (walk, frame, parent) => {
    structure(walk, frame, parent)
    frame.watch = 'condition'
  },
  otherwise: (_, frame) => {
    frame.open.cost += 1
    frame.watch = 'condition'
  },
  way: (_, { open }) => addWay(open),
  logical: (_, frame, parent) => beginSequence(frame, parent, false),
  label: (_, { open }, parent) => void (parent.role === role.jump && (open.cost += 1)),
  goto: (_, { open }) => void (open.cost += 1),
  ...{ binding: named, property: named, entry: named },
  text: (walk, frame, parent) =>
    void (parent.role === role.statement && comment(walk, frame, parent)),
}

/** Handlers by the number of the role. */
export const handlers: (Handler | undefined)[] = Object.entries(role).map(
  ([name]) => byName[name as RoleName],
)
