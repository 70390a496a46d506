import type { Inspection } from './analyser.ts'
import type { FunctionFacts } from './functions.ts'

/** A function of the former version of a file, and whether its code is the same. */
export interface Match {
  before: FunctionFacts
  isSame: boolean
}

/** A function with what identifies it: its body, its first line, and its place. */
interface Item {
  facts: FunctionFacts
  /** A hash of its lines of code; null when it has none of its own. */
  body: string | null
  header: number | null
  match: Item | null
}

/**
 * Finds the former version of each function of a file: the one with the same code, then the one
 * with the same name and first line, then the one with the same name between the same neighbours. A
 * name alone identifies only a function that has one, and is the only one with it: all functions
 * without a name are called the same.
 */
export function matchFunctions(
  now: Inspection,
  before: Inspection | undefined,
): Map<FunctionFacts, Match> {
  if (!before) return new Map()
  const [items, former] = [itemsOf(now), itemsOf(before)]
  pair(items, former, ({ facts, body }) => (body === null ? null : `${facts.name}\n${body}`), 'any')
  pair(items, former, ({ body }) => body, 'any')
  pair(
    items,
    former,
    ({ facts, header }) => (header === null ? null : `${facts.name}\n${header}`),
    'equal',
  )
  pair(items, former, ({ facts }) => (isAnonymous(facts) ? null : facts.name), 'single')
  const [gaps, formerGaps] = [gapsOf(items, (one) => one.match), gapsOf(former, (one) => one)]
  const gapOf = (item: Item): string | null => {
    const gap = gaps.get(item) ?? formerGaps.get(item)
    return gap === undefined ? null : `${item.facts.name}\n${gap}`
  }
  pair(items, former, gapOf, 'equal')
  return new Map(
    items.flatMap(({ facts, body, match }): [FunctionFacts, Match][] =>
      match ? [[facts, { before: match.facts, isSame: match.body === body }]] : [],
    ),
  )

  /** The number of former functions up to the last one before an item that has a match. */
  function gapsOf(all: Item[], of: (item: Item) => Item | null): Map<Item, number> {
    const places = new Map(former.map((item, index) => [item, index + 1]))
    let gap = 0
    return new Map(
      all.map((item) => {
        const matched = item.match === null ? null : of(item)
        if (matched !== null) gap = places.get(matched) ?? gap
        return [item, gap]
      }),
    )
  }
}

const isAnonymous = ({ name }: FunctionFacts): boolean => name.endsWith('<anonymous>')

/**
 * Pairs functions with equal keys in their order: any number of them, only when both versions have
 * as many, or only when both have one.
 */
function pair(
  items: Item[],
  former: Item[],
  keyOf: (item: Item) => string | null,
  count: 'any' | 'equal' | 'single',
): void {
  const open = (all: Item[]): Map<string, Item[]> =>
    Map.groupBy(
      all.filter((item) => item.match === null && keyOf(item) !== null),
      (item) => keyOf(item) ?? '',
    )
  const others = open(former)
  for (const [key, group] of open(items)) {
    const same = others.get(key) ?? []
    if (count !== 'any' && same.length !== group.length) continue
    if (count === 'single' && group.length !== 1) continue
    for (const [index, item] of group.entries()) {
      const match = same[index]
      if (!match) break
      item.match = match
      match.match = item
    }
  }
}

/** Two bases of a polynomial hash; the sums of all prefixes give the hash of any range of lines. */
const bases = [0x01000193, 0x5bd1e995]

function itemsOf({ functions, at, hashes }: Inspection): Item[] {
  const sums = bases.map((base) => prefixesOf(hashes, base))
  return functions.map((facts) => {
    const [from, to] = [indexOf(at, facts.line), indexOf(at, facts.end + 1)]
    const parts = sums.map(
      ({ sum, power }) => ((sum[to] ?? 0) - Math.imul(sum[from] ?? 0, power[to - from] ?? 1)) >>> 0,
    )
    return {
      facts,
      body: to > from ? `${to - from}:${parts.join(':')}` : null,
      header: at[from] === facts.line ? (hashes[from] ?? null) : null,
      match: null,
    }
  })
}

function prefixesOf(hashes: number[], base: number): { sum: Uint32Array; power: Uint32Array } {
  const sum = new Uint32Array(hashes.length + 1)
  const power = new Uint32Array(hashes.length + 1).fill(1)
  for (const [index, hash] of hashes.entries()) {
    sum[index + 1] = Math.imul(sum[index] ?? 0, base) + hash
    power[index + 1] = Math.imul(power[index] ?? 1, base)
  }
  return { sum, power }
}

/** The index of the first line that is not before `line`. */
function indexOf(at: number[], line: number): number {
  let [low, high] = [0, at.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((at[middle] ?? 0) < line) low = middle + 1
    else high = middle
  }
  return low
}
