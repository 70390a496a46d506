import type { Node, TreeCursor } from '@vscode/tree-sitter-wasm'
import { endFunction, type FunctionFacts, startFunction, withdrawAmbiguous } from './functions.ts'
import type { Grammar } from './grammar.ts'
import { handlers } from './handlers.ts'
import { type LineFacts, measureLines } from './lines.ts'
import { role } from './roles.ts'
import { type Frame, newFrame, type Walk } from './walk.ts'

/** The measurements of one file. */
export interface FileFacts extends LineFacts {
  /** In order of their position. */
  functions: FunctionFacts[]
}

/**
 * Measures a file by its tree, and by its text, because the root node leaves out leading blank
 * lines.
 */
export function measureFile(root: Node, grammar: Grammar, text: string): FileFacts {
  const cursor = root.walk()
  try {
    const walk = walkOf(cursor, grammar, text)
    walkTree(walk)
    if (grammar.language.hasOverloads) withdrawAmbiguous(walk.functions)
    return {
      ...measureLines(text, walk.comments),
      functions: walk.functions.map(({ facts }) => facts),
    }
  } finally {
    cursor.delete()
  }
}

function walkOf(cursor: TreeCursor, grammar: Grammar, text: string): Walk {
  // Code outside functions counts for none of them.
  const outside: FunctionFacts = {
    name: '',
    line: 0,
    end: 0,
    cyclomatic: 0,
    cognitive: 0,
    parameters: 0,
  }
  const frames = [newFrame(startFunction(outside, null, 0))]
  return { cursor, grammar, text, frames, functions: [], comments: [] }
}

/** Visits each node once, without recursion, because code can nest arbitrarily deep. */
function walkTree(walk: Walk): void {
  const { cursor } = walk
  for (let depth = 1; ;) {
    const frame = enter(walk, depth)
    if (frame && cursor.gotoFirstChild()) {
      depth += 1
      continue
    }
    if (frame) leave(walk, frame)
    while (!cursor.gotoNextSibling()) {
      depth -= 1
      if (depth === 0 || !cursor.gotoParent()) return
      leave(walk, walk.frames[depth])
    }
  }
}

/** Returns the frame of the current node; null when nothing in it matters. */
function enter(walk: Walk, depth: number): Frame | null {
  const { cursor, frames } = walk
  const parent = frames[depth - 1] as Frame
  const kind = walk.grammar.roles[cursor.nodeTypeId] ?? role.plain
  if (kind <= role.comment) {
    if (kind > role.punctuation) handlers[kind]?.(walk, parent, parent)
    if (kind !== role.plain) return null
  }
  const frame = (frames[depth] ??= newFrame(parent.open))
  inherit(frame, parent, kind, depth)
  if (
    (parent.watch === 'nesting' || parent.watch === 'condition') &&
    walk.grammar.headers[cursor.currentFieldId] === 1
  ) {
    // A preprocessor condition is not code of the function.
    if (parent.watch === 'condition') return null
    frame.nesting -= 1
  }
  handlers[kind]?.(walk, frame, parent)
  if (parent.watch === 'name') catchName(walk, parent)
  return frame
}

function inherit(frame: Frame, parent: Frame, kind: number, depth: number): void {
  frame.role = kind
  frame.depth = depth
  frame.nesting = parent.nesting
  frame.open = parent.open
  frame.isOwner = false
  frame.scope = parent.scope
  frame.isInClass = parent.isInClass
  frame.watch = null
  frame.nameStart = -1
  frame.sequence = -1
  frame.isLogical = false
  frame.isAfterElse = false
}

/** The target of an assignment precedes its value. */
function catchName({ cursor, grammar }: Walk, parent: Frame): void {
  if (parent.nameStart !== -1) return
  if (parent.role !== role.entry && grammar.names[cursor.currentFieldId] !== 1) return
  parent.nameStart = cursor.startIndex
  parent.nameEnd = cursor.endIndex
}

function leave(walk: Walk, frame: Frame | undefined): void {
  if (!frame?.isOwner) return
  endFunction(frame.open, walk.grammar.language.hasDeclarativeFunctions === true)
}
