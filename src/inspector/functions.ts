/** A function and how hard it is to test and to read. */
export interface FunctionFacts {
  /** With the classes and functions around it: `Cart.add`, `outer.<anonymous>`. */
  name: string
  /** Lines from 1, both inclusive. */
  line: number
  end: number
  /** Decisions and one (McCabe, 1976), without those of functions within it. */
  cyclomatic: number
  /**
   * Cognitive complexity (G. Ann Campbell, SonarSource, 2018), with that of functions within it.
   */
  cognitive: number
  parameters: number
}

/** A function that the walk is in. */
export interface OpenFunction {
  facts: FunctionFacts
  outer: OpenFunction | null
  /** How deep it nests in the function around it, itself included. */
  depth: number
  /** Cognitive complexity up to now, as if functions within it did not nest. */
  cost: number
  /** What their nesting adds. */
  nested: number
  /** Increments that grow with nesting: those of its own, and all. */
  ownStructures: number
  structures: number
  /** Callees that are the function itself. */
  calls: string[]
  isRecursive: boolean
  /** Functions within it do not nest: a decorator of Python. */
  isFlat: boolean
}

/** A function at its beginning; `nesting` is that of its place in the function around it. */
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

/** One way more through a function. */
export function addWay(open: OpenFunction): void {
  open.facts.cyclomatic += 1
}

/** An increment for a structure, and one for each structure around it. */
export function addStructure(open: OpenFunction, nesting: number): void {
  open.cost += 1 + nesting
  open.ownStructures += 1
  open.structures += 1
}

/**
 * Settles the cognitive complexity of a function and adds it to the function around it: as deep as
 * it stands there, each of its structures costs that much more.
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

/** Direct recursion counts once; a function that calls one around it makes that one recursive. */
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

/** Farther out nobody looks, and it would take long in code that nests thousands of functions. */
const outwards = 8

/**
 * Takes recursion back where a file has two functions that a call could mean: only types would tell
 * them apart.
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
