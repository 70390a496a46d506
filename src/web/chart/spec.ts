import type { AlignedData } from 'uplot'

/** A colour of the theme: the CSS variable of the same name in styles.css. */
export type Colour =
  | 'ink'
  | 'soft'
  | 'edge'
  | 'edge-strong'
  | 'good'
  | 'bad'
  | 'warn'
  | 'move'
  | ReleaseColour
/** The colours of releases, which differ from the colours with a meaning. */
export type ReleaseColour = `release-${0 | 1 | 2 | 3 | 4 | 5}`

/** The colour of a release: the same in every chart, and not that of the next five releases. */
export const releaseColour = (release: number): ReleaseColour =>
  `release-${(((release % 6) + 6) % 6) as 0 | 1 | 2 | 3 | 4 | 5}`

/** How one column of the data is drawn. */
export interface Line {
  colour: Colour
  /** in CSS pixels; 0 draws no line, for the edge of a band */
  width: number
  /** lengths of dashes and gaps in CSS pixels */
  dash?: number[]
  /** `steps` holds each value until the next; `histogram` draws a bar around each value of x */
  shape?: 'line' | 'steps' | 'histogram'
  /** opacity of the area below the line, 0 to 1 */
  fill?: number
}

/** The area between two columns of the data, which count from 1. */
export interface Band {
  low: number
  high: number
  colour: Colour
  opacity: number
}

/** A horizontal line across the chart, such as a threshold. */
export interface Level {
  value: number
  colour: Colour
  width: number
  dash?: number[]
  label?: string
  /** opacity of the area above the line, 0 to 1 */
  shade?: number
}

/** A vertical line at a moment, such as a deployment, with a label above it. */
export interface Mark {
  x: number
  label?: string
  colour?: Colour
}

/** A part of the x axis in a colour, such as the time in which a release had the traffic. */
export interface Span {
  from: number
  until: number
  colour: Colour
}

export interface Axis {
  /**
   * `elapsed` is a duration in milliseconds, `time` is milliseconds since the epoch, and `index` is
   * a whole number
   */
  scale: 'linear' | 'log' | 'elapsed' | 'time' | 'index'
  range: [low: number, high: number]
  /** the text at a tick; `time` has its own */
  format?: (value: number) => string
}

/** Everything about a chart except its numbers. */
export interface ChartSpec {
  x: Axis
  y: Axis
  /** one for each column of the data after x */
  lines: Line[]
  bands?: Band[]
  levels?: Level[]
  marks?: Mark[]
  spans?: Span[]
}

/**
 * Ascending values of x, then one column of the same length for each line. `null` is unknown and
 * breaks the line. Typed arrays are drawn without a copy.
 */
export type ChartData = AlignedData

/** The greatest value of all columns, and not less than `least`. Null and NaN do not count. */
export function highest(data: ChartData, least: number): number {
  let most = least
  for (const column of data.slice(1))
    for (const value of column) if ((value ?? least) > most) most = value as number
  return most
}

/** The least value of all columns, and not more than `most`. Null and NaN do not count. */
export function lowest(data: ChartData, most: number): number {
  let least = most
  for (const column of data.slice(1))
    for (const value of column) if ((value ?? most) < least) least = value as number
  return least
}

/** The indices of values that no line connects, because the values beside them are unknown. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = []
  let [isBefore, isHere] = [false, isKnown(values[0])]
  for (let i = 0; i < values.length; i += 1) {
    const isAfter = isKnown(values[i + 1])
    if (isHere && !isBefore && !isAfter) found.push(i)
    isBefore = isHere
    isHere = isAfter
  }
  return found
}

const isKnown = (value: number | null | undefined): boolean => value !== null && value !== undefined

/** At most `most` items of a list, evenly spread, including the first and the last. */
export function thinned<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  const last = list.length - 1
  return Array.from({ length: most }, (_, i) => list[Math.round((i * last) / (most - 1))]!)
}
