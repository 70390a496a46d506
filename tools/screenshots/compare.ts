/** A visible element: what it is, its place in pixels of the page, and its looks. */
export interface Box {
  key: string
  /** left, top, width, height */
  at: [number, number, number, number]
  /** size and weight of its text, its colour, its background, and its border */
  style: string
}

export interface Difference {
  kind: 'missing' | 'new' | 'restyled' | 'resized' | 'moved'
  key: string
  expected: Box | null
  actual: Box | null
}

/** Pixels by which a place may differ: browsers round parts of pixels differently. */
const tolerance = 2

const order = ['missing', 'new', 'restyled', 'resized', 'moved']

/** What differs between two layouts of a page; what has only moved comes last. */
export function differencesOf(expected: Box[], actual: Box[]): Difference[] {
  const found: Difference[] = []
  const left = byKey(expected)
  for (const [name, box] of byKey(actual)) {
    const former = left.get(name)
    left.delete(name)
    const kind = former === undefined ? 'new' : changeOf(former, box)
    if (kind !== null) found.push({ kind, key: box.key, expected: former ?? null, actual: box })
  }
  for (const box of left.values())
    found.push({ kind: 'missing', key: box.key, expected: box, actual: null })
  return found.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
}

/** The boxes by their keys; equal keys are numbered in the order of the page. */
function byKey(boxes: Box[]): Map<string, Box> {
  const counts = new Map<string, number>()
  return new Map(
    boxes.map((box) => {
      const count = (counts.get(box.key) ?? 0) + 1
      counts.set(box.key, count)
      return [`${box.key} ${count}`, box]
    }),
  )
}

function changeOf(expected: Box, actual: Box): Difference['kind'] | null {
  if (expected.style !== actual.style) return 'restyled'
  const isFar = expected.at.map((value, i) => Math.abs(value - (actual.at[i] ?? 0)) > tolerance)
  if (isFar[2] === true || isFar[3] === true) return 'resized'
  return isFar[0] === true || isFar[1] === true ? 'moved' : null
}

const most = 8

/** The differences in lines of text, the first ones in detail. */
export function describeDifferences(differences: Difference[]): string[] {
  const moved = differences.filter(({ kind }) => kind === 'moved')
  const others = differences.filter(({ kind }) => kind !== 'moved')
  const shown = (others.length > 0 ? others : moved).slice(0, most)
  const hidden = differences.length - shown.length
  return [
    ...shown.map(({ kind, key, expected, actual }) =>
      [`${kind}: ${key}`, detailOf(kind, expected, actual)].filter(Boolean).join(', '),
    ),
    ...(hidden > 0 ? [`and ${hidden} more`] : []),
  ]
}

function detailOf(kind: Difference['kind'], expected: Box | null, actual: Box | null): string {
  if (expected === null || actual === null) return ''
  if (kind === 'restyled') return `${expected.style} → ${actual.style}`
  const [from, to] = [expected, actual].map(({ at: [x, y, width, height] }) =>
    kind === 'resized' ? `${width} × ${height} px` : `${x}, ${y}`,
  )
  return `${from} → ${to}`
}
