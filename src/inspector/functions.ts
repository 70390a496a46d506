/** A function with its complexity. */
export interface FunctionFacts {
  /** With the enclosing classes and functions: `Cart.add`, `outer.<anonymous>`. */
  name: string
  /** First and last line, from 1, both inclusive. */
  line: number
  end: number
  /** Decisions plus one (McCabe, 1976), without nested functions. */
  cyclomatic: number
  /** Cognitive complexity (G. Ann Campbell, SonarSource, 2018), including nested functions. */
  cognitive: number
  parameters: number
}

/** A function that the walk is in. */
export interface OpenFunction {
  facts: FunctionFacts
  outer: OpenFunction | null
  /** Nesting depth in the enclosing function, including itself. */
  depth: number
  /** Cognitive complexity so far, as if nested functions did not nest. */
  cost: number
  /** The part that their nesting adds. */
  nested: number
  /** Increments that grow with nesting: its own, and all. */
  ownStructures: number
  structures: number
  /** Names with which the function calls itself. */
  calls: string[]
  isRecursive: boolean
  /** Nested functions do not add nesting: a Python decorator. */
  isFlat: boolean
}

/** Starts a function; `nesting` is that of its place in the enclosing function. */
export function startFunction(
  facts: FunctionFacts,
  outer: OpenFunction | null,
  nesting: number,
): OpenFunction {
  return {
    ...{ facts, outer, depth: outer?.isFlat ? 0 : nesting + 1 },
    ...{ cost: 0, nested: 0, ownStructures: 0, structures: 0 },
    ...{ calls: [], isRecursive: false, isFlat: false },
  }
}

/** Adds one path through a function. */
export function addWay(open: OpenFunction): void {
  open.facts.cyclomatic += 1
}

/** Adds an increment for a structure and for each enclosing structure. */
export function addStructure(open: OpenFunction, nesting: number): void {
  open.cost += 1 + nesting
  open.ownStructures += 1
  open.structures += 1
}

/**
 * Completes the cognitive complexity of a function and adds it to the enclosing function, where
 * each of its structures costs more by its depth.
 */
export function endFunction(open: OpenFunction, hasDeclarativeFunctions: boolean): void {
  const isDeclarative = hasDeclarativeFunctions && open.ownStructures === 0
  const cognitive = open.cost + (isDeclarative ? 0 : open.nested)
  open.facts.cognitive = cognitive
  const { outer } = open
  if (!outer) return
  outer.cost += cognitive
  outer.nested += open.structures * open.depth
  outer.structures += open.structures
}

/** Direct recursion counts once; a call of an enclosing function makes that function recursive. */
export function addCall(
  open: OpenFunction,
  isCallOf: (callee: string, parameters: number) => boolean,
): void {
  let at: OpenFunction | null = open
  for (let level = 0; at && level < outwards; level += 1, at = at.outer) {
    if (at.isRecursive) continue
    const { parameters } = at.facts
    if (!at.calls.some((callee) => isCallOf(callee, parameters))) continue
    at.isRecursive = true
    at.cost += 1
  }
}

/** Limit of enclosing functions to search, because deep nesting would take too long. */
const outwards = 8

/**
 * Withdraws recursion where a call could mean two functions of a file, which only types could tell
 * apart.
 */
export function withdrawAmbiguous(functions: OpenFunction[]): void {
  const keyOf = ({ facts: { name, parameters } }: OpenFunction): string => `${name}/${parameters}`
  const counts = new Map<string, number>()
  for (const open of functions) counts.set(keyOf(open), (counts.get(keyOf(open)) ?? 0) + 1)
  for (const open of functions) {
    if (!open.isRecursive || counts.get(keyOf(open)) === 1) continue
    for (let at: OpenFunction | null = open; at; at = at.outer) at.facts.cognitive -= 1
  }
}
