import type { TreeCursor } from '@vscode/tree-sitter-wasm'
import type { OpenFunction } from './functions.ts'
import type { Grammar } from './grammar.ts'
import { role } from './roles.ts'

/**
 * A node that the walk is in. There is one frame for each depth, which is used again for the next
 * node there.
 */
export interface Frame {
  role: number
  depth: number
  /** Structures around what is within the node, in its function. */
  nesting: number
  /** The function that the node is in, or that it is (`isOwner`). */
  open: OpenFunction
  isOwner: boolean
  /** The name of what it is in. */
  scope: string
  /** Not in a function of that class. */
  isInClass: boolean
  /**
   * What its children must be asked for: whether they nest, or are the name of what is assigned.
   */
  watch: 'nesting' | 'name' | 'condition' | null
  /** Where in the text the name is that a function without one gets; -1 for none. */
  nameStart: number
  nameEnd: number
  /**
   * Depth of the frame with the last operator of the boolean sequence that the node is in; -1 for
   * none.
   */
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
  /** Start and end of each comment in turn, as places in the text. */
  comments: number[]
}
