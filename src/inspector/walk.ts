import type { TreeCursor } from '@vscode/tree-sitter-wasm'
import type { OpenFunction } from './functions.ts'
import type { Grammar } from './grammar.ts'
import { role } from './roles.ts'

/** The state at one depth of the walk; reused for the next node at that depth. */
export interface Frame {
  role: number
  depth: number
  /** Structures around the content of the node, in its function. */
  nesting: number
  /** The function that contains the node or, with `isOwner`, is the node. */
  open: OpenFunction
  isOwner: boolean
  /** The name of the enclosing scope. */
  scope: string
  /** True directly inside a class, not in one of its functions. */
  isInClass: boolean
  /** What to check of its children: whether they nest, or name the target of an assignment. */
  watch: 'nesting' | 'name' | 'condition' | null
  /** Position of the name for a function without one; -1 for none. */
  nameStart: number
  nameEnd: number
  /** Depth of the frame with the last operator of the current boolean sequence; -1 for none. */
  sequence: number
  lastOperator: number
  /** Its operators are boolean. */
  isLogical: boolean
  isAfterElse: boolean
}

export const newFrame = (open: OpenFunction): Frame => ({
  ...{
    role: role.plain,
    depth: 0,
    nesting: 0,
    open,
    isOwner: false,
    scope: '',
    isInClass: false,
    watch: null,
  },
  ...{
    nameStart: -1,
    nameEnd: -1,
    sequence: -1,
    lastOperator: 0,
    isLogical: false,
    isAfterElse: false,
  },
})

/** The state of a walk through a tree. */
export interface Walk {
  cursor: TreeCursor
  grammar: Grammar
  text: string
  frames: Frame[]
  functions: OpenFunction[]
  /** Alternating start and end positions of comments. */
  comments: number[]
}
